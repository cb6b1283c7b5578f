"What a download survives: bad servers, and being killed. Prints tables: `python bench/download.py`"
import hashlib,multiprocessing,os,random,time
from contextlib import redirect_stderr,redirect_stdout
from fastcore.script import call_parse
from fastdownload import download_url
from http.server import BaseHTTPRequestHandler,ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from socket import SO_SNDBUF,SOL_SOCKET
from tempfile import TemporaryDirectory
from threading import Thread

mp = multiprocessing.get_context('fork' if hasattr(os, 'fork') else 'spawn')

class Handler(BaseHTTPRequestHandler):
    "Serves `server.data` by the rules of `server.rules`, and notes what it was asked for and what it sent"
    def log_message(self, *args): pass
    def rule(self, k, default=None): return self.server.rules.get(k, default)
    def setup(self):
        self.request.setsockopt(SOL_SOCKET, SO_SNDBUF, 2**15)
        super().setup()
    def do_GET(self):
        s,ask = self.server,self.headers.get('Range') if not self.rule('no_ranges') else None
        s.n += 1
        start,self.sent = int(ask[6:-1]) if ask else 0,0
        s.asked.append((start,self))
        if s.n<=self.rule('busy', 0): return self.send_error(503)
        if 'status' in s.rules: return self.send_error(s.rules['status'])
        data = s.data if s.n<=self.rule('change_after', s.n) else s.data[::-1]
        head = dict(ETag=f'"{hash(data)}"', Last_Modified=f'Sat, 01 Jan 2000 00:00:0{int(data is not s.data)} GMT')
        head = {k.replace('_','-'):head[k] for k in self.rule('tags', head)}
        if self.headers.get('If-Range') not in (None,*head.values()): start,ask = 0,None
        if start>=len(data): return self.send_error(416)
        self.send_response(206 if ask else 200)
        if ask: head['Content-Range'] = f'bytes {start}-{len(data)-1}/{len(data)}'
        for k,v in {'Content-Length':len(data)-start+self.rule('lie', 0), **head}.items(): self.send_header(k, v)
        self.end_headers()
        self.send(data, start, start+(self.rule('drop', len(data)) if s.n<=self.rule('times', s.n) else len(data)))
    def send(self, data, start, stop):
        for i in range(start, min(stop, len(data)), 2**16):
            self.wfile.write(data[i:min(i+2**16, stop)])
            self.sent += 2**16
            if 'rate' in self.server.rules: time.sleep(2**16/self.server.rules['rate'])
        if stop<len(data): time.sleep(self.rule('stall', 0))

def serve(data):
    server = ThreadingHTTPServer(('127.0.0.1',0), Handler)
    server.handle_error = lambda *args: None
    server.data,server.url = data,f'http://127.0.0.1:{server.server_port}/clips.bin'
    Thread(target=server.serve_forever, daemon=True).start()
    return server

def rules(server, **kwargs): server.rules,server.asked,server.n = kwargs,[],0
def sha(b): return hashlib.sha256(b).hexdigest()
def ours(server, fn, **kwargs):
    from action_recog.videos.ucf101 import download_file
    return download_file(server.url, fn, **kwargs)
def peer(server, fn, **kwargs):
    with redirect_stdout(StringIO()): return download_url(server.url, fn, show_progress=False, timeout=kwargs.get('timeout', 4))

def outcome(server, way, fn, **kwargs):
    "What `way` makes of the server, in words, and the bytes it was sent over those of the file"
    try: way(server, fn, **kwargs)
    except Exception as e: return f'error, {"nothing there" if not fn.exists() else "a wrong file"}'
    now = sha(fn.read_bytes())
    return 'whole' if now==sha(server.data) else 'whole, the new one' if now==sha(server.data[::-1]) else 'WRONG BYTES, no error'

def killed(server, way, fn, kills, secs, rng):
    "Kill a download at `kills` moments, then let it end; returns the kills, and the bytes asked for again that were on the disk"
    part,again,done = fn.with_name(f'{fn.name}.part'),0,0
    for i in range(kills+1):
        p = mp.Process(target=way, args=(server, fn))
        had = part.stat().st_size if part.exists() else 0
        n = len(server.asked)
        p.start()
        p.join(rng.uniform(.02, secs) if i<kills else None)
        done += p.is_alive()
        p.kill()
        p.join()
        time.sleep(.1)
        if len(server.asked)>n: again += had-server.asked[n][0]
    return done,again

@call_parse
def main(
    mb:int=60, # Size of the file, MB
    kills:int=20, # How often the downloading process is killed
    seed:int=0, # Of the bytes and the moments
):
    "Download from a server on this machine that misbehaves, beside fastdownload, which fastai uses"
    import action_recog.videos.ucf101 # chkstyle: ignore, imported once so that the forked processes start at once
    rng = random.Random(seed)
    server = serve(rng.randbytes(mb*10**6))
    n = len(server.data)
    known = dict(size=n)
    cases = {'good':({},{}), 'drops the connection every 7 MB':(dict(drop=7*10**6),{}), 'stalls after 40 % of the rest':(dict(drop=n*4//10, stall=3),dict(timeout=1)),
        'drops once, knows no ranges':(dict(no_ranges=True, drop=n//2, times=1),{}),
        'drops, then has another file, ETag':(dict(drop=n//2, change_after=1, tags=['ETag']),{}),
        'drops, then has another file, date only':(dict(drop=n//2, change_after=1, tags=['Last_Modified']),{}),
        'promises 1 MB more than it has':(dict(lie=10**6),dict(tries=3)), 'promises 1 MB less, size known':(dict(lie=-10**6),known),
        '503 twice, then behaves':(dict(busy=2),{}), '404':(dict(status=404),{}), '500 for ever':(dict(status=500),dict(tries=3))}
    print(f'\n{mb} MB\n\n| server | `download_file` | MB sent | fastdownload | MB sent |\n|---|---|--:|---|--:|')
    for name,(rule,kwargs) in cases.items():
        row = []
        for way in (ours,peer):
            with TemporaryDirectory() as d, redirect_stderr(StringIO()):
                rules(server, **rule)
                row += [outcome(server, way, Path(d)/'clips.bin', **kwargs), f'{sum(h.sent for _,h in server.asked)/1e6:.1f}']
        print(f'| {name} | {" | ".join(row)} |', flush=True)
    print(f'\nKilled (SIGKILL) at {kills} random moments, then left to end\n\n| | killed | result | requests | MB sent | on disk, but asked for again | sent again in flight, most for one kill |\n|---|--:|---|--:|--:|--:|--:|')
    with TemporaryDirectory() as d, redirect_stderr(StringIO()):
        rules(server, rate=20*10**6)
        fn = Path(d)/'clips.bin'
        done,again = killed(server, ours, fn, kills, 1.4*n/20e6/kills, rng)
        starts = [s for s,_ in server.asked]
        twice = max((s+h.sent-t for (s,h),t in zip(server.asked, starts[1:])), default=0)
        ok = 'same sha256' if sha(fn.read_bytes())==sha(server.data) else 'WRONG BYTES'
        print(f'| `download_file` | {done} times | {ok} | {len(starts)} | {sum(h.sent for _,h in server.asked)/1e6:.1f} | {again} bytes | {twice/1024:.0f} KiB |', flush=True)
        rules(server, rate=20*10**6)
        fn = Path(d)/'peer.bin'
        done,_ = killed(server, peer, fn, kills, 1.4*n/20e6/kills, rng)
        ok = 'same sha256' if sha(fn.read_bytes())==sha(server.data) else 'WRONG BYTES'
        print(f'| fastdownload | {done} times | {ok} | {len(server.asked)} | {sum(h.sent for _,h in server.asked)/1e6:.1f} | all | |')
