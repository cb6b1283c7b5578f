"""Memory and open files of a loader's worker after 1, 5 and 20 passes over the same clips

    python bench/memory.py [--path UCF101] [--out results.json]"""
import json,multiprocessing,os
from fastai.vision.all import *
from fastcore.script import call_parse
from action_recog.clips.data import *
from action_recog.videos.sample import write_sample
from action_recog.videos.video import *

def usage(pid):
    "Resident MB and open files of a process"
    rss = int(re.search(r'VmRSS:\s+(\d+)', Path(f'/proc/{pid}/status').read_text())[1])
    return dict(MB=round(rss/1024, 1), files=len(os.listdir(f'/proc/{pid}/fd')))

def measure(files, passes, bs=8, **kwargs):
    "One worker reads all clips again and again"
    n,rows = len(files)//bs,[]
    files = list(files[:n*bs])*max(passes)
    split = lambda o: (range(len(files)),[0])
    with warnings.catch_warnings(action='ignore'):
        dls = ActionDataLoaders.from_files(files, splitter=split, bs=bs, num_workers=1, device='cpu', **kwargs)
    for i,_ in enumerate(dls.train.new(shuffle=False)):
        if (i+1)%n==0 and (i+1)//n in passes: rows.append(dict(passes=(i+1)//n, clips=(i+1)*bs, **usage(multiprocessing.active_children()[0].pid)))
    return rows

@call_parse
def main(
    path:str=None, # Folder of videos, the real clips or the sample if not given
    n_frames:int=8, # Frames of a clip
    out:str=None, # JSON to write
):
    "Print the table"
    data = Path(ifnone(path, os.environ.get('ACTION_RECOG_DATA', Path(__file__).resolve().parents[2]/'shared/data')))
    with tempfile.TemporaryDirectory() as tmp:
        videos = (get_videos(data) if data.is_dir() else L()) or get_videos(write_sample(Path(tmp)/'sample'))
        frames = Path(tmp)/'frames'
        folders = L(avi2frames(v, frames, size=128) for v in videos[::4])
        res = {'videos':measure(videos, (1,5,20), seq_len=n_frames), 'frame folders':measure(folders, (1,5,20), seq_len=n_frames)}
    for k,rows in res.items():
        print(f'\n{k}, one worker, {n_frames} uniform frames at 112 px\n\n| passes | clips read | resident MB | open files |\n|--:|--:|--:|--:|')
        for r in rows: print(f'| {r["passes"]} | {r["clips"]} | {r["MB"]} | {r["files"]} |')
    if out: Path(out).write_text(json.dumps(res, indent=1))
