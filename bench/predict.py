"""How long an answer for a video takes, where the time goes, and what the same clips cost one by one with `learn.predict`.

    python bench/predict.py [--data UCF101] [--out bench/results/predict.json]

30 seconds of 320x240 at 25 frames a second: clips of `--data` joined where there are some, generated ones otherwise. The four learners at
their default size (112 px, 8 frames, ResNet-34 or the small TimeSformer), untrained, which takes the same time. Both ways run in turn.
What is counted is CPU time, in one thread: on an idle machine that is what the clock says, and on a busy one it is not."""
import av,json,os,platform,tempfile,time,warnings
import numpy as np
import torch
from fastcore.script import call_parse
from fractions import Fraction
from pathlib import Path

warnings.filterwarnings('ignore')

def best(f, n):
    "Least CPU time of `n` runs, and the last result"
    times = []
    for _ in range(n):
        start = time.process_time()
        res = f()
        times.append(time.process_time()-start)
    return min(times),res

def in_turn(fs, n):
    "Least CPU time of each of `fs` in `n` rounds"
    res = [[] for _ in fs]
    for _ in range(n):
        for f,ts in zip(fs, res): ts.append(best(f, 1)[0])
    return list(map(min, res))

def join(clips, fn, n):
    "The first `n` frames of `clips`, one after the other, as one video; the number of clips used"
    from action_recog.videos.video import open_video
    used = done = 0
    with av.open(str(fn), 'w') as c:
        s = c.add_stream('mpeg4', rate=25, width=320, height=240, pix_fmt='yuv420p', options=dict(qmin='4', qmax='4'))
        while done<n:
            with open_video(clips[used%len(clips)]) as (ci,si):
                for f in ci.decode(si):
                    if done==n: break
                    f = f.reformat(320, 240, 'yuv420p')
                    f.pts,f.time_base = done,Fraction(1,25)
                    c.mux(s.encode(f))
                    done += 1
            used += 1
        c.mux(s.encode())
    return used

def one_by_one(learn, video, clips, size):
    "Each of `clips`, lists of frame numbers, read and given to `learn.predict` by itself"
    from action_recog.videos.video import read_clip
    with learn.no_bar(): return torch.stack([learn.predict(read_clip(video, o, size))[2] for o in clips])

def decode(video):
    from action_recog.videos.video import open_video
    with open_video(video) as (c,s):
        for f in c.decode(s): pass

def read(video, clips, size):
    from action_recog.answers.predict import _handfuls,_open_frames
    with _open_frames(video, False) as (n,fps,frames):
        for _ in _handfuls(frames, {i for c in clips for i in c}, size, lambda *_: None): pass

def measure(name, learn, video, secs, rounds):
    from action_recog.clips.data import clip_reader
    from action_recog.answers.predict import _spread,_windows,predict_video
    r,n = clip_reader(learn.dls.valid),round(secs*25)
    clips,wins = _spread(r.sampler, n, 10),_windows(r.sampler, n, 100, 25)[1]
    row = dict(learner=name, parameters=sum(p.numel() for p in learn.model.parameters()))
    for what,part,line in (('ranking',clips,False), ('ranking and timeline',clips+wins,True)):
        whole,alone = in_turn([lambda: predict_video(learn, video, timeline=line), lambda: one_by_one(learn, video, part, r.size)], rounds)
        dec,got = best(lambda: decode(video), 3)[0],best(lambda: read(video, part, r.size), 3)[0]
        row[what] = dict(clips=len(part), seconds=whole, real_time_factor=whole/secs, decode=dec, resize=got-dec, model=whole-got,
            one_by_one=alone, times_faster=alone/whole)
        print(f'{name:<12} {what:<22} {whole:6.2f} s, {whole/secs:.3f} of real time: decode {dec:.2f}, resize {got-dec:.2f}, model {whole-got:.2f};'
            f' {len(part)} clips one by one {alone:.2f} s, {alone/whole:.1f} times', flush=True)
    return row

@call_parse
def main(
    data:str=None, # Folder of class folders with real clips, ../shared/data/UCF101 if not given
    seconds:float=30., # Length of the video
    rounds:int=2, # Runs of each way; the least counts
    models:str='baseline,lstm,convlstm,timesformer', # Learners
    out:str='bench/results/predict.json', # Where the figures go
):
    "Time `predict_video` for each learner"
    torch.set_num_threads(1)
    from action_recog.clips.data import ActionDataLoaders
    from action_recog.learners.learner import learner_meta
    from action_recog.videos.sample import write_sample
    from action_recog.videos.video import get_videos
    data = Path(data or os.environ.get('ACTION_RECOG_DATA', Path(__file__).resolve().parents[2]/'shared/data/UCF101'))
    with tempfile.TemporaryDirectory() as d:
        sample = write_sample(Path(d)/'sample', n_groups=4, n_clips=1)/'UCF-101'
        clips = list(get_videos(data))[::37] if data.is_dir() else list(get_videos(sample))
        video = Path(d)/'video.avi'
        n = join(clips, video, round(25*seconds))
        what = f'{n} clips of {"UCF101" if data.is_dir() else "the sample"} joined to {seconds:.0f} s of 320x240 at 25 frames/s, MPEG-4'
        hardware = f'CPU, {platform.machine()}, {torch.get_num_threads()} threads'
        print(f'{what}; {hardware}')
        rows = []
        for m in models.split(','):
            meta = learner_meta[m]
            rec = meta['recipes']['default']
            dls = ActionDataLoaders.from_ucf101(sample, image_size=rec['image_size'], seq_len=rec['seq_len'], bs=rec['bs'], num_workers=0)
            kw = {} if m=='timesformer' else dict(pretrained=False)
            rows.append(measure(m, meta['learner'](dls, **rec['model'], **kw), video, seconds, rounds))
    fn = Path(out)
    old = json.loads(fn.read_text())['rows'] if fn.is_file() else []
    rows = [o for o in old if o['learner'] not in models.split(',')]+rows
    fn.parent.mkdir(parents=True, exist_ok=True)
    fn.write_text(json.dumps(dict(hardware=hardware, torch=torch.__version__, video=what, rows=rows), indent=1))
