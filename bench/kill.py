"""Extraction killed at random moments and run again, against an uninterrupted run

    python bench/kill.py [--kills 10] [--n 150] [--shrunk]

After each kill the folders, or with `--shrunk` the small videos, under their final names have to be complete, and after a last run all files have to
equal those of an uninterrupted run, with no temporary folder left. Two runs at once have to give the same. Real
clips are used where there are some, else the sample's."""
import hashlib,random,sys,time
from pathlib import Path
from tempfile import TemporaryDirectory
from fastcore.script import call_parse
from common import kill_group,print_table,some_clips,start_group,wait_for_work

code = '''import sys
from action_recog.videos.frames import extract_dataset
from action_recog.videos.shrink import shrink
{name}(sys.argv[1], sys.argv[2], n_workers=2)'''
name = 'extract_dataset'

def start(src, dest): return start_group([sys.executable, '-c', code.format(name=name), str(src), str(dest)])

def begun(process, dest):
    "Wait until an extraction has begun its work, and give the time"
    return wait_for_work(process, lambda: {o.name for o in dest.glob('*/*')})

def link_clips(videos, folder):
    "Links to `videos` in class folders"
    for video in videos:
        link = folder/video.parent.name/video.name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(video.resolve())

def sha256(fn): return hashlib.sha256(fn.read_bytes()).hexdigest()

def digests(dest, root):
    "The checksums of the files below `dest`, by their paths from `root`"
    files = [o for o in [dest,*dest.rglob('*')] if o.is_file() and o.name!='report.json']
    return {str(o.relative_to(root)):sha256(o) for o in files}

def complete(dest): return list(dest.glob('*/[!.]*'))
def hidden(dest): return list(dest.glob('*/.*'))

def check_complete(folder, dest, whole):
    "Fail unless a folder of frames, or a small video, is that of the uninterrupted run"
    place = str(folder.relative_to(dest))
    wanted = {name:o for name,o in whole.items() if name==place or name.startswith(f'{place}/')}
    assert digests(folder, dest)==wanted, f'{folder} is not complete'

def kill_often(src, dest, whole, kills, secs):
    "A row a kill"
    for i in range(kills):
        # Short enough that all kills meet a run at work
        wait = random.uniform(0, 1.6)*secs/kills
        process = start(src, dest)
        begun(process, dest)
        time.sleep(wait)
        kill_group(process)
        for folder in complete(dest): check_complete(folder, dest, whole)
        yield [i+1, f'{wait:.2f}', len(complete(dest)), len(hidden(dest))]

def run_whole(src, dest):
    "Extract without interruption: seconds of work"
    process = start(src, dest)
    start_time = begun(process, dest)
    process.wait()
    return time.perf_counter()-start_time

def run_twice(src, dest):
    "Extract by two commands at once"
    both = [start(src, dest) for _ in range(2)]
    for process in both: process.wait()

@call_parse
def main(
    kills:int=10, # Times that the extraction is killed
    n:int=150, # Videos
    seed:int=0, # Of the moments
    shrunk:bool=False, # Small videos in place of frames?
    path:str=None, # Folder with `UCF101/`, $ACTION_RECOG_DATA if not given
):
    "Show that a killed extraction goes on as if nothing had happened"
    global name
    if shrunk: name = 'shrink'
    random.seed(seed)
    with TemporaryDirectory() as tmp:
        tmp = Path(tmp)
        src,dest,both = tmp/'videos',tmp/'killed',tmp/'both'
        link_clips(some_clips(n, tmp, path), src)
        secs = run_whole(src, tmp/'whole')
        whole = digests(tmp/'whole', tmp/'whole')
        header = ['kill', 'after s of work', 'complete folders', 'left-over temporary folders']
        print_table(header, kill_often(src, dest, whole, kills, secs))
        run_whole(src, dest)
        run_twice(src, both)
        again,twice = digests(dest, dest),digests(both, both)
        print(f'\n{len(whole)} files after an uninterrupted run, {len(again)} after {kills} kills and a last run; '
            f'equal: {whole==again}; temporary folders left: {len(hidden(dest))}')
        print(f'two runs at once: equal: {whole==twice}; temporary folders left: {len(hidden(both))}')
        assert whole==again==twice and not hidden(dest)
