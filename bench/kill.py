"Extraction killed at random moments and run again, against an uninterrupted run: `python bench/kill.py`"
import hashlib,os,random,signal,subprocess,sys,time
from tempfile import TemporaryDirectory
from fastcore.all import *
from action_recog.videos.sample import write_sample
from action_recog.videos.video import get_videos

run = 'import sys; from action_recog.videos.video import extract_dataset; extract_dataset(sys.argv[1], sys.argv[2], n_workers=2)'

def start(src, dest):
    "An extraction in a process group of its own"
    return subprocess.Popen([sys.executable, '-c', run, str(src), str(dest)], start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

def digest(dest): return {str(o.relative_to(dest)):hashlib.sha256(o.read_bytes()).hexdigest()
    for o in dest.rglob('*') if o.is_file() and o.name!='report.json'}

def begun(dest, p):
    "Wait until the extraction `p` has begun its work, and give the time"
    def there(): return {o.name for o in dest.glob('*/*')}
    old = there()
    while there()==old and p.poll() is None: time.sleep(.005)
    return time.perf_counter()

def hidden(dest): return len([o for o in dest.glob('*/.*')])

@call_parse
def main(
    kills:int=10, # Times that the extraction is killed
    n:int=150, # Videos
    seed:int=0, # Of the moments
):
    "Show that a killed extraction goes on as if nothing had happened"
    random.seed(seed)
    with TemporaryDirectory() as tmp:
        tmp = Path(tmp)
        data = Path(os.environ.get('ACTION_RECOG_DATA', '../shared/data'))/'UCF101'
        videos = get_videos(data if data.exists() else write_sample(tmp/'sample', n_groups=4)/'UCF-101')
        for v in videos[::max(len(videos)//n, 1)][:n]:
            to = tmp/'videos'/v.parent.name/v.name
            to.parent.mkdir(parents=True, exist_ok=True)
            to.symlink_to(v.resolve())
        p = start(tmp/'videos', tmp/'whole')
        begin = begun(tmp/'whole', p)
        p.wait()
        secs = time.perf_counter()-begin
        whole,dest = digest(tmp/'whole'),tmp/'killed'
        print('| kill | after s of work | complete folders | left-over temporary folders |\n|--:|--:|--:|--:|')
        for i in range(kills):
            # Short enough that all kills meet a run at work
            p,wait = start(tmp/'videos', dest),random.uniform(0, 1.6)*secs/kills
            begun(dest, p)
            time.sleep(wait)
            os.killpg(p.pid, signal.SIGKILL)
            p.wait()
            for d in dest.glob('*/[!.]*'):
                assert all(whole[str(f.relative_to(dest))]==hashlib.sha256(f.read_bytes()).hexdigest() for f in d.iterdir())
                assert len(list(d.iterdir()))==len(list((tmp/'whole'/d.relative_to(dest)).iterdir()))
            print(f"| {i+1} | {wait:.2f} | {len(list(dest.glob('*/[!.]*')))} | {hidden(dest)} |")
        start(tmp/'videos', dest).wait()
        again = digest(dest)
        print(f'\n{len(whole)} files after an uninterrupted run, {len(again)} after {kills} kills and a last run; '
            f'equal: {whole==again}; temporary folders left: {hidden(dest)}')
        both = [start(tmp/'videos', tmp/'both') for _ in range(2)]
        for p in both: p.wait()
        print(f'two runs at once: equal: {whole==digest(tmp/"both")}; temporary folders left: {hidden(tmp/"both")}')
        assert whole==again==digest(tmp/'both') and not hidden(dest)
