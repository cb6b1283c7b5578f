"""Does watching an hour need more memory than watching a minute? And what does a ConvLSTM gain or lose by carrying its state?

    python bench/watch.py [--minutes 60] [--out bench/results/watch.json]

A process writes a stream of 320x240 at 25 frames a second into a pipe, as fast as it is read; `watch` reads it and labels it with a small
ConvLSTM. The resident memory of the process is noted on the way. Then the three ways to let a trained ConvLSTM follow a stream of clips of
the sample's validation set, one after the other: with windows that start from nothing, with a state that is led back to zero, and with one
that never is."""
import json,multiprocessing,os,platform,tempfile,time,warnings
import numpy as np
import torch
from fastcore.script import call_parse
from pathlib import Path

warnings.filterwarnings('ignore')

def write_minute(fn):
    "A minute of a moving pattern as MPEG transport stream"
    import av
    xx,yy = np.meshgrid(np.arange(320), np.arange(240))
    with av.open(str(fn), 'w', format='mpegts') as c:
        s = c.add_stream('mpeg2video', rate=25, width=320, height=240, pix_fmt='yuv420p')
        for i in range(1500):
            im = np.stack([(xx+3*i)%256, (yy+2*i)%256, (xx+yy+i)%256], 2).astype(np.uint8)
            c.mux(s.encode(av.VideoFrame.from_ndarray(im)))
        c.mux(s.encode())

def feed(minute, pipe, minutes):
    "The packets of `minute`, `minutes` times with running clock, into `pipe`"
    import av
    with av.open(str(minute)) as ci: packets = [(bytes(p), p.pts-ci.streams.video[0].start_time, p.is_keyframe) for p in ci.demux(video=0) if p.size]
    try:
        with open(pipe, 'wb') as f, av.open(f, 'w', format='mpegts') as c, av.open(str(minute)) as ci:
            s = c.add_stream_from_template(ci.streams.video[0])
            tb = ci.streams.video[0].time_base
            for m in range(minutes):
                for data,pts,key in packets:
                    p = av.Packet(data)
                    p.stream,p.time_base,p.is_keyframe = s,tb,key
                    p.pts = p.dts = pts+round(m*60/tb)
                    c.mux(p)
    except (BrokenPipeError, av.FFmpegError): pass

def resident(): return int(Path('/proc/self/statm').read_text().split()[1])*os.sysconf('SC_PAGE_SIZE')/2**20

def hour(learn, minutes, d):
    from action_recog.answers.watch import watch
    minute,pipe = Path(d)/'minute.ts',Path(d)/'pipe'
    write_minute(minute)
    os.mkfifo(pipe)
    feeder = multiprocessing.get_context('spawn').Process(target=feed, args=(minute,pipe,minutes))
    feeder.start()
    marks,mem,start,lat = [o for o in (1,2,5,10,20,30,40,50,60,120) if o<minutes],{},time.perf_counter(),[]
    for m in watch(learn, pipe):
        lat.append(m.latency)
        if marks and m.seconds>=60*marks[0]: mem[marks.pop(0)] = round(resident(), 1)
    secs = time.perf_counter()-start
    mem[minutes] = round(resident(), 1)
    feeder.join()
    for k,v in mem.items(): print(f'after {k:3} minutes {v:7.1f} MB')
    print(f'{m.n_read} frames, {len(lat)} answers in {secs:.0f} s, {m.n_read/secs:.0f} frames a second; the stream ended at {m.seconds:.0f} s')
    return dict(minutes=minutes, resident_mb=mem, frames=m.n_read, answers=len(lat), seconds=secs, frames_per_second=m.n_read/secs)

def follow(learn, clips, leak):
    "Share of `clips`, shown one after the other, that are recognised at their last frame"
    from action_recog.answers.watch import Frame,_Carried,_Sliding
    class Leaky(_Carried):
        def _step(self, rows):
            for row in rows:
                if self.hx is not None: self.hx = tuple(leak*o for o in self.hx)
                h = super()._step(row[None])
            return h

    from action_recog.videos.video import read_clip
    from action_recog.clips.data import clip_reader
    r = clip_reader(learn.dls.valid)
    state = (_Sliding if leak is None else _Carried if leak==1 else Leaky)(learn)
    hits = []
    for v in clips:
        ps = state([Frame(0, 0., 0., o.numpy()) for o in read_clip(v, r.sampler, r.size)])
        hits.append(learn.dls.vocab[ps.argmax().item()]==v.parent.name)
    return float(np.mean(hits))

def states(path, epochs, run, rounds=1):
    import random
    from action_recog.clips.data import OfficialSplitter,get_instances
    from action_recog.learners.evaluate import get_recipe,train_learner
    from action_recog.clips.data import clip_reader
    from action_recog.answers.predict import open_learner
    learn = open_learner(run) if run else train_learner(path, 'convlstm', get_recipe('convlstm', 'sample', epochs=epochs), num_workers=0)[0]
    files = get_instances(path)
    clips,res,n = list(files[OfficialSplitter(1, path.parent/'ucfTrainTestlist')(files)[1]])*rounds,{},clip_reader(learn.dls.valid).sampler.seq_len
    random.Random(0).shuffle(clips)
    for name,leak in {'windows from nothing':None, 'state led back to zero':1-1/n, 'led back twice as fast':1-2/n, 'state never led back':1.}.items():
        res[name] = follow(learn, clips, leak)
        print(f'{name:<24} {100*res[name]:.1f} % of {len(clips)} clips of 8 classes')
    return dict(clips=len(clips), epochs=epochs, **res)

@call_parse
def main(
    minutes:int=60, # Length of the stream
    epochs:int=16, # Of the ConvLSTM that follows clips; 0 leaves that part out
    run:str=None, # Folder of one that is trained already, by the recipe and on the sample
    out:str='bench/results/watch.json', # Where the figures go
):
    "Memory of `watch`, and what carrying the state is worth"
    from action_recog.clips.data import ActionDataLoaders
    from action_recog.learners.learner import convlstm_learner
    from action_recog.videos.sample import write_sample
    hardware = f'CPU, {platform.machine()}, {torch.get_num_threads()} threads'
    fn = Path(out)
    res = json.loads(fn.read_text()) if fn.is_file() else {}
    res.update(hardware=hardware, torch=torch.__version__)
    with tempfile.TemporaryDirectory() as d:
        path = write_sample(Path(d)/'sample', n_groups=4, n_clips=1)/'UCF-101'
        dls = ActionDataLoaders.from_ucf101(path, image_size=32, bs=8, num_workers=0)
        if minutes: res['memory'] = hour(convlstm_learner(dls, 'small_cnn', pretrained=False, hidden_size=16), minutes, d)
        if epochs: res['state'] = states(write_sample(Path(d)/'whole')/'UCF-101', epochs, run)
    fn.parent.mkdir(parents=True, exist_ok=True)
    fn.write_text(json.dumps(res, indent=1))

