"""Memory and open files of a loader's worker after 1, 5 and 20 passes over the same clips

    python bench/memory.py [--n-clips 64] [--n-frames 8] [--out results.json]

One worker reads every clip again and again, once from videos and once from frame folders that are made for it (one
video in four). Memory that grows from pass to pass, or files that stay open, would stop a long training. Real clips
are used where there are some, else the sample's. Runs on Linux, which tells the memory of a process in `/proc`."""
import multiprocessing,os,re,tempfile,warnings
from pathlib import Path
from fastcore.script import call_parse
from common import print_table,save_json,skip,some_clips
from action_recog.clips.data import ActionDataLoaders
from action_recog.videos.frames import avi2frames

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

@call_parse
def main(
    n_clips:int=518, # Clips to take, at least 32, spread over all that are there
    n_frames:int=8, # Frames of a clip
    path:str=None, # Folder with `UCF101/`, $ACTION_RECOG_DATA if not given
    out:str=None, # JSON file for the figures
):
    "Memory and open files of a loader's worker, pass after pass"
    if not Path('/proc/self/fd').exists(): skip('this system has no /proc: run it on Linux')
    with tempfile.TemporaryDirectory() as tmp:
        videos = some_clips(n_clips, tmp, path)
        folders = [avi2frames(o, Path(tmp)/'frames', size=128) for o in videos[::4]]
        res = {'videos':measure(videos, seq_len=n_frames), 'frame folders':measure(folders, seq_len=n_frames)}
    for kind,rows in res.items():
        print(f'\n{kind}, one worker, {n_frames} uniform frames at 112 px')
        print_table(['passes', 'clips read', 'resident MB', 'open files'], (list(r.values()) for r in rows))
    save_json(out, res)
