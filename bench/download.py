"""What a download survives: servers that misbehave, and being killed

    python bench/download.py [--mb 60] [--kills 20]

A server on this machine sends a file by several bad rules to `download_file` and to fastdownload, which fastai
uses. Then the downloading process is killed at random moments and started again. The tables have what came of it,
and how much was sent. Needs the package `fastdownload`."""
import hashlib,random,time
from contextlib import redirect_stderr,redirect_stdout
from http.server import BaseHTTPRequestHandler,ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from socket import SO_SNDBUF,SOL_SOCKET
from tempfile import TemporaryDirectory
from threading import Thread
from fastcore.script import call_parse
from common import killed_after,need,print_table
need('fastdownload')
from fastdownload import download_url
from action_recog.videos.download import download_file

class Handler(BaseHTTPRequestHandler):
    "Serves `server.data` by the rules of `server.rules`, and notes what it was asked for and what it sent"
    def log_message(self, *args): pass
    def rule(self, name, default=None): return self.server.rules.get(name, default)

    def setup(self):
        self.request.setsockopt(SOL_SOCKET, SO_SNDBUF, 2**15)
        super().setup()

    def do_GET(self):
        server = self.server
        server.n += 1
        wanted = None if self.rule('no_ranges') else self.headers.get('Range')
        self.start = int(wanted[6:-1]) if wanted else 0
        self.sent = 0
        server.asked.append(self)
        if server.n<=self.rule('busy', 0): return self.send_error(503)
        if 'status' in server.rules: return self.send_error(server.rules['status'])
        data = server.data if server.n<=self.rule('change_after', server.n) else server.data[::-1]
        tags = self.tags(data)
        is_part = bool(wanted) and self.headers.get('If-Range') in (None, *tags.values())
        self.answer(data, self.start if is_part else 0, is_part, tags)

    def tags(self, data):
        "Headers that tell one version of the file from another"
        day = int(data is not self.server.data)
        tags = {'ETag':f'"{hash(data)}"', 'Last-Modified':f'Sat, 01 Jan 2000 00:00:0{day} GMT'}
        return {name:tags[name] for name in self.rule('tags', tags)}

    def answer(self, data, start, is_part, tags):
        "Headers and bytes from `start`"
        n = len(data)
        if start>=n: return self.send_error(416)
        self.send_response(206 if is_part else 200)
        if is_part: self.send_header('Content-Range', f'bytes {start}-{n-1}/{n}')
        self.send_header('Content-Length', n-start+self.rule('lie', 0))
        for name,value in tags.items(): self.send_header(name, value)
        self.end_headers()
        drops = self.server.n<=self.rule('times', self.server.n)
        self.send(data, start, start+(self.rule('drop', n) if drops else n))

    def send(self, data, start, stop):
        "The bytes from `start` to `stop`, at the rate that is wanted"
        for i in range(start, min(stop, len(data)), 2**16):
            self.wfile.write(data[i:min(i+2**16, stop)])
            self.sent += 2**16
            if 'rate' in self.server.rules: time.sleep(2**16/self.server.rules['rate'])
        if stop<len(data): time.sleep(self.rule('stall', 0))

def serve(data):
    "A server of the file `data`, in a thread"
    server = ThreadingHTTPServer(('127.0.0.1',0), Handler)
    server.handle_error = lambda *args: None
    server.data = data
    server.url = f'http://127.0.0.1:{server.server_port}/clips.bin'
    Thread(target=server.serve_forever, daemon=True).start()
    return server

def set_rules(server, **rules):
    "Begin anew with other rules"
    server.rules = rules
    server.asked = []
    server.n = 0

def sent_mb(server): return f'{sum(o.sent for o in server.asked)/1e6:.1f}'

def ours(server, fn, **kwargs): return download_file(server.url, fn, **kwargs)

def peer(server, fn, timeout=4, **kwargs):
    with redirect_stdout(StringIO()): return download_url(server.url, fn, show_progress=False, timeout=timeout)

def sha256(data): return hashlib.sha256(data).hexdigest()

def outcome(server, way, fn, **kwargs):
    "What `way` makes of the server, in words"
    try: way(server, fn, **kwargs)
    except Exception: return f'error, {"a wrong file" if fn.exists() else "nothing there"}'
    got = sha256(fn.read_bytes())
    if got==sha256(server.data): return 'whole'
    return 'whole, the new one' if got==sha256(server.data[::-1]) else 'WRONG BYTES, no error'

def cases(n):
    "What the server does with a file of `n` bytes, its rules, and arguments for both ways"
    return [('good', {}, {}),
        ('drops the connection every 7 MB', dict(drop=7*10**6), {}),
        ('stalls after 40 % of the rest', dict(drop=n*4//10, stall=3), dict(timeout=1)),
        ('drops once, knows no ranges', dict(no_ranges=True, drop=n//2, times=1), {}),
        ('drops, then has another file, ETag', dict(drop=n//2, change_after=1, tags=['ETag']), {}),
        ('drops, then has another file, date only', dict(drop=n//2, change_after=1, tags=['Last-Modified']), {}),
        ('promises 1 MB more than it has', dict(lie=10**6), dict(tries=3)),
        ('promises 1 MB less, size known', dict(lie=-10**6), dict(size=n)),
        ('503 twice, then behaves', dict(busy=2), {}),
        ('404', dict(status=404), {}),
        ('500 for ever', dict(status=500), dict(tries=3))]

def bad_server(server, name, rules, kwargs):
    "A row of the first table"
    row = [name]
    for way in (ours, peer):
        with TemporaryDirectory() as d, redirect_stderr(StringIO()):
            set_rules(server, **rules)
            row += [outcome(server, way, Path(d)/'clips.bin', **kwargs), sent_mb(server)]
    return row

def kill_often(server, way, fn, kills, secs, rng):
    "Kill a download at `kills` moments, then let it end: kills, and bytes on the disk that were asked for again"
    part = fn.with_name(f'{fn.name}.part')
    n_killed = again = 0
    for i in range(kills+1):
        had = part.stat().st_size if part.exists() else 0
        n_asked = len(server.asked)
        n_killed += killed_after(rng.uniform(.02, secs) if i<kills else None, way, server, fn)
        time.sleep(.1)
        if len(server.asked)>n_asked: again += had-server.asked[n_asked].start
    return n_killed,again

def killed(server, name, way, kills, rng):
    "A row of the second table"
    set_rules(server, rate=20*10**6)
    with TemporaryDirectory() as d, redirect_stderr(StringIO()):
        fn = Path(d)/'clips.bin'
        n_killed,again = kill_often(server, way, fn, kills, 1.4*len(server.data)/20e6/kills, rng)
        result = 'same sha256' if sha256(fn.read_bytes())==sha256(server.data) else 'WRONG BYTES'
    row = [name, f'{n_killed} times', result, len(server.asked), sent_mb(server)]
    if way is peer: return [*row, 'all', '']
    twice = max((a.start+a.sent-b.start for a,b in zip(server.asked, server.asked[1:])), default=0)
    return [*row, f'{again} bytes', f'{twice/1024:.0f} KiB']

@call_parse
def main(
    mb:int=60, # Size of the file, MB
    kills:int=20, # How often the downloading process is killed
    seed:int=0, # Of the bytes and the moments
):
    "Download from a server on this machine that misbehaves, beside fastdownload"
    rng = random.Random(seed)
    server = serve(rng.randbytes(mb*10**6))
    print(f'\n{mb} MB')
    header = ['server', '`download_file`', 'MB sent', 'fastdownload', 'MB sent']
    print_table(header, (bad_server(server, *o) for o in cases(len(server.data))))
    print(f'\nKilled (SIGKILL) at {kills} random moments, then left to end')
    header = ['', 'killed', 'result', 'requests', 'MB sent', 'on disk, but asked for again',
        'sent again in flight, most for one kill']
    ways = {'`download_file`':ours, 'fastdownload':peer}
    print_table(header, (killed(server, name, way, kills, rng) for name,way in ways.items()))
