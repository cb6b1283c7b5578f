"One process for an archive against one for each member, and unpacking that is killed. Prints tables: `python bench/unrar.py`"
import multiprocessing,os,random,rarfile,shutil,subprocess,zipfile
from contextlib import redirect_stderr
from fastcore.script import call_parse
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

def pack(fn, folder, *options):
    "Pack `folder` by the program `rar`, where that is installed"
    cmd = ['rar', 'a', '-idq', '-r', '-ep1', *options, str(fn), str(folder)]
    return subprocess.run(cmd, check=True) and fn if shutil.which('rar') else None

def small_files(folder, n, rng):
    for i in range(n):
        fn = folder/f'{i%10}'/f'{i}.txt'
        fn.parent.mkdir(parents=True, exist_ok=True)
        fn.write_text(' '.join(rng.choices('walk run jump swim ride climb'.split(), k=200)))
    return folder

def as_zip(fn, folder):
    with zipfile.ZipFile(fn, 'w', zipfile.ZIP_DEFLATED) as z:
        for o in folder.rglob('*.*'): z.write(o, o.relative_to(folder))
    return fn

def counted(f, *args):
    "Seconds of `f`, and the processes that it starts"
    n,real = 0,subprocess.Popen
    def popen(*args, **kwargs):
        nonlocal n
        n += 1
        return real(*args, **kwargs)
    subprocess.Popen = rarfile.Popen = popen
    start = perf_counter()
    try: f(*args)
    finally: subprocess.Popen = rarfile.Popen = real
    return perf_counter()-start,n

def extractall(fn, dest):
    with (rarfile.RarFile if rarfile.is_rarfile(fn) else zipfile.ZipFile)(fn) as f: f.extractall(dest)

def contents(path): return {o.relative_to(path).as_posix():o.read_bytes() for o in path.rglob('*') if o.is_file() and o.name!='.extracted.json'}

def row(fn, d, rounds):
    "Both ways, taking turns; the fastest of each, and the share of comparing"
    from action_recog.videos.ucf101 import _compare,_index,unrar
    ms,times = _index(fn),[]
    for i in range(rounds):
        ours,peer = d/f'ours{i}',d/f'peer{i}'
        a,b = counted(unrar, fn, ours),counted(extractall, fn, peer)
        assert contents(ours)==contents(peer)
        (ours/'.extracted.json').unlink()
        times.append((a,b,counted(_compare, ours, ms)[0]))
        for o in (ours,peer): shutil.rmtree(o)
    (a,na),(b,nb),c = min(o[0] for o in times),min(o[1] for o in times),min(o[2] for o in times)
    return f'{len(ms)} | {sum(m.size for m in ms)/1e6:.1f} | {na} | {a:.2f} | {c:.2f} | {nb} | {b:.2f} | {b/a:.1f}'

def killed(fn, dest, kills, secs, rng):
    "Kill unpacking at `kills` moments, beginning anew where it was faster, then let it end; half-done folders that passed for done"
    from action_recog.videos.ucf101 import unrar
    mp,done,half = multiprocessing.get_context('fork' if hasattr(os, 'fork') else 'spawn'),0,0
    while done<kills:
        p = mp.Process(target=unrar, args=(fn, dest))
        p.start()
        p.join(rng.uniform(0, secs))
        done += p.is_alive()
        p.kill()
        p.join()
        if not dest.exists(): continue
        half += not (dest/'.extracted.json').exists()
        shutil.rmtree(dest)
    unrar(fn, dest)
    return done,half

@call_parse
def main(
    archive:str=None, # RAR or ZIP archive to measure with, instead of those that are made here
    data:str=os.environ.get('ACTION_RECOG_DATA', '../shared/data'), # Folder with UCF101/ and rar/, as far as they are there
    rounds:int=2, # Runs of each way
    kills:int=10, # How often the unpacking process is killed
):
    "Unpack archives by `unrar` and by `extractall` of rarfile or zipfile, with the same tool"
    from action_recog.videos.ucf101 import _bundled,unrar
    rarfile.SEVENZIP2_TOOL = _bundled()
    rarfile.tool_setup(unrar=False, unar=False, bsdtar=False, sevenzip=False, force=True)
    rng,data = random.Random(0),Path(data)
    with TemporaryDirectory() as d, redirect_stderr(StringIO()):
        d = Path(d)
        files = small_files(d/'small', 1000, rng)
        if archive: made = {archive:Path(archive)}
        else:
            made = {'1000 texts, ZIP':as_zip(d/'small.zip', files), '1000 texts, RAR':pack(d/'small.rar', files)}
            clips = data/'UCF101'
            if clips.is_dir():
                some = shutil.copytree(clips/'PullUps', d/'some'/'PullUps')
                made |= {'clips, ZIP':as_zip(d/'clips.zip', clips), 'clips, RAR':pack(d/'clips.rar', clips), 'clips of one class, solid RAR':pack(d/'solid.rar', some, '-s')}
            if (data/'rar').is_dir(): made['compress_normal, RAR 3'] = data/'rar'/'test_read_format_rar_compress_normal.rar'
        print('\n| archive | members | MB | processes | `unrar`, s | of it comparing, s | processes | `extractall`, s | ratio |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|')
        made = {k:v for k,v in made.items() if v}
        for name,fn in made.items(): print(f'| {name} | {row(fn, d, rounds)} |', flush=True)
        print('\n| archive | killed | half-done folders under the name | afterwards | left beside it |\n|---|--:|--:|---|---|')
        for name,fn in made.items():
            dest,whole = d/'killed'/'x',d/'whole'
            dest.parent.mkdir()
            extractall(fn, whole)
            secs = counted(unrar, fn, d/'timed')[0]
            done,half = killed(fn, dest, kills, secs, rng)
            same = 'equal to `extractall`, file by file' if contents(dest)==contents(whole) else 'OTHER FILES'
            print(f'| {name} | {done} times | {half} | {same} | {len(list(dest.parent.iterdir()))-1} files |', flush=True)
            for o in (dest.parent, whole, d/'timed'): shutil.rmtree(o)
    if not archive and not shutil.which('rar'): print('\nNo program `rar` is installed, so no RAR archives were made.')
