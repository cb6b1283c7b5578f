"""Memory and open files of a loader's worker after 1, 5 and 20 passes over the same clips

    python bench/memory.py [--path UCF101] [--n-frames 8] [--out results.json]

One worker reads every clip again and again, once from videos and once from frame folders that are made for it (one
video in four). Memory that grows from pass to pass, or files that stay open, would stop a long training. The clips are
those of the first that is there: `--path`, the environment variable `ACTION_RECOG_DATA`, `../shared/data` beside the
checkout, or a sample that is made on the spot."""
import json,multiprocessing,os,re,tempfile,warnings
from pathlib import Path
from fastcore.foundation import L
from fastcore.script import call_parse
from action_recog.clips.data import ActionDataLoaders
from action_recog.videos.frames import avi2frames
from action_recog.videos.sample import write_sample
from action_recog.videos.video import get_videos

passes = 1,5,20

def usage(pid):
    "Resident MB and open files of a process"
    rss = int(re.search(r'VmRSS:\s+(\d+)', Path(f'/proc/{pid}/status').read_text())[1])
    return dict(MB=round(rss/1024, 1), files=len(os.listdir(f'/proc/{pid}/fd')))

def measure(files, bs=8, **kwargs):
    "One row a number of passes, all of them by one worker"
    n_batches = len(files)//bs
    files = list(files[:n_batches*bs])*max(passes)
    with warnings.catch_warnings(action='ignore'):
        dls = ActionDataLoaders.from_files(files, splitter=lambda o: (range(len(files)),[0]), bs=bs, num_workers=1,
            device='cpu', **kwargs)
    rows = []
    for i,_ in enumerate(dls.train.new(shuffle=False), 1):
        if i%n_batches or i//n_batches not in passes: continue
        worker = multiprocessing.active_children()[0]
        rows.append(dict(passes=i//n_batches, clips=i*bs, **usage(worker.pid)))
    return rows

def find_videos(path, tmp):
    "The real clips, or a sample of squares that move"
    beside = Path(__file__).resolve().parents[2]/'shared/data'
    data = Path(path or os.environ.get('ACTION_RECOG_DATA', beside))
    videos = get_videos(data) if data.is_dir() else L()
    return videos or get_videos(write_sample(Path(tmp)/'sample'))

@call_parse
def main(
    path:str=None, # Folder of videos
    n_frames:int=8, # Frames of a clip
    out:str=None, # JSON file for the figures
):
    "Memory and open files of a loader's worker, pass after pass"
    with tempfile.TemporaryDirectory() as tmp:
        videos = find_videos(path, tmp)
        folders = L(avi2frames(v, Path(tmp)/'frames', size=128) for v in videos[::4])
        res = {'videos':measure(videos, seq_len=n_frames), 'frame folders':measure(folders, seq_len=n_frames)}
    for kind,rows in res.items():
        print(f'\n{kind}, one worker, {n_frames} uniform frames at 112 px\n')
        print('| passes | clips read | resident MB | open files |\n|--:|--:|--:|--:|')
        for r in rows: print(f'| {r["passes"]} | {r["clips"]} | {r["MB"]} | {r["files"]} |')
    if out: Path(out).write_text(json.dumps(res, indent=1))
