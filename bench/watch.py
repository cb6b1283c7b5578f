"""Does watching an hour need more memory than a minute, and what is it worth that a ConvLSTM carries its state?

    python bench/watch.py [--minutes 60] [--epochs 16] [--out bench/results/watch.json]

A process writes a stream of 320x240 at 25 frames a second into a pipe, as fast as it is read; `watch` reads it and
labels it with a small ConvLSTM. The resident memory of the process is noted on the way. Then a ConvLSTM, trained on
the sample, follows a stream of clips of the sample's test list, one after the other, in four ways: with windows
that start from nothing, with a state that is led back to zero by an eighth or by a quarter before each frame, and
with a state that never is. A part that is left out keeps its figures in the JSON file. Needs `/proc` and named
pipes: Linux."""
import av,multiprocessing,os,random,tempfile,time,warnings
import numpy as np,torch
from pathlib import Path
from fastcore.script import call_parse
from common import device_name,save_json,skip
from action_recog.answers.export import open_learner
from action_recog.answers.watch import CarriedState,Frame,WindowState,watch
from action_recog.clips.data import ActionDataLoaders,clip_reader,get_instances
from action_recog.clips.splits import OfficialSplitter
from action_recog.learners.learner import convlstm_learner
from action_recog.learners.recipes import get_recipe
from action_recog.learners.training import train_learner
from action_recog.videos.files import read_json
from action_recog.videos.sample import write_sample
from action_recog.videos.video import read_clip

warnings.filterwarnings('ignore')

def write_minute(fn):
    "A minute of a moving pattern as MPEG transport stream"
    xx,yy = np.meshgrid(np.arange(320), np.arange(240))
    with av.open(str(fn), 'w', format='mpegts') as container:
        stream = container.add_stream('mpeg2video', rate=25, width=320, height=240, pix_fmt='yuv420p')
        for i in range(1500):
            image = np.stack([(xx+3*i)%256, (yy+2*i)%256, (xx+yy+i)%256], 2).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image)))
        container.mux(stream.encode())

def read_packets(fn):
    "Bytes, time since the first and is it a key frame, for each packet of a video"
    with av.open(str(fn)) as container:
        start = container.streams.video[0].start_time
        return [(bytes(p), p.pts-start, p.is_keyframe) for p in container.demux(video=0) if p.size]

def feed(minute, pipe, minutes):
    "The packets of `minute`, `minutes` times with running clock, into `pipe`"
    packets = read_packets(minute)
    with av.open(str(minute)) as source, open(pipe, 'wb') as f, av.open(f, 'w', format='mpegts') as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        unit = source.streams.video[0].time_base
        for m in range(minutes):
            for data,pts,is_key in packets:
                packet = av.Packet(data)
                packet.stream = stream
                packet.time_base = unit
                packet.is_keyframe = is_key
                packet.pts = packet.dts = pts+round(m*60/unit)
                container.mux(packet)

def resident():
    "MB of this process in memory"
    return int(Path('/proc/self/statm').read_text().split()[1])*os.sysconf('SC_PAGE_SIZE')/2**20

def follow_stream(learn, pipe, minutes):
    "Figures of watching `pipe` to its end"
    marks = [o for o in (1,2,5,10,20,30,40,50,60,120) if o<minutes]
    memory = {}
    n_answers = 0
    start = time.perf_counter()
    for moment in watch(learn, pipe):
        n_answers += 1
        if marks and moment.seconds>=60*marks[0]: memory[marks.pop(0)] = round(resident(), 1)
    secs = time.perf_counter()-start
    memory[minutes] = round(resident(), 1)
    for k,v in memory.items(): print(f'after {k:3} minutes {v:7.1f} MB')
    n = moment.n_read
    print(f'{n} frames, {n_answers} answers in {secs:.0f} s, {n/secs:.0f} frames a second; '
        f'the stream ended at {moment.seconds:.0f} s')
    return dict(minutes=minutes, resident_mb=memory, frames=n, answers=n_answers, seconds=secs,
        frames_per_second=n/secs)

def measure_memory(minutes, folder):
    "Watch a stream of some minutes"
    sample = write_sample(folder/'small', n_groups=4, n_clips=1)/'UCF-101'
    dls = ActionDataLoaders.from_ucf101(sample, image_size=32, bs=8, num_workers=0)
    learn = convlstm_learner(dls, 'small_cnn', pretrained=False, hidden_size=16)
    minute,pipe = folder/'minute.ts',folder/'pipe'
    write_minute(minute)
    os.mkfifo(pipe)
    feeder = multiprocessing.get_context('spawn').Process(target=feed, args=(minute, pipe, minutes))
    feeder.start()
    res = follow_stream(learn, pipe, minutes)
    feeder.join()
    return res

class LeakyState(CarriedState):
    "A state of which only the share `keep` is left before each frame"
    def __init__(self, learn, keep):
        super().__init__(learn)
        self.keep = keep

    def step(self, rows):
        for row in rows:
            if self.hx is not None: self.hx = tuple(self.keep*o for o in self.hx)
            last = super().step(row[None])
        return last

def share_recognised(learn, state, clips):
    "Share of `clips`, shown one after the other, that are recognised at their last frame"
    reader = clip_reader(learn.dls.valid)
    hits = []
    for o in clips:
        frames = [Frame(0, 0., 0., image.numpy()) for image in read_clip(o, reader.sampler, reader.size)]
        best = state(frames).argmax().item()
        hits.append(learn.dls.vocab[best]==o.parent.name)
    return float(np.mean(hits))

def measure_states(folder, epochs, groups, run):
    "Share of clips that each way to carry the state recognises"
    path = write_sample(folder/'whole', n_groups=groups)/'UCF-101'
    recipe = get_recipe('convlstm', 'sample', epochs=epochs)
    learn = open_learner(run) if run else train_learner(path, 'convlstm', recipe, num_workers=0)[0]
    files = get_instances(path)
    clips = [files[i] for i in OfficialSplitter(1, path.parent/'ucfTrainTestlist')(files)[1]]
    random.Random(0).shuffle(clips)
    n = clip_reader(learn.dls.valid).sampler.seq_len
    states = {'windows from nothing':WindowState(learn), 'state led back to zero':LeakyState(learn, 1-1/n),
        'led back twice as fast':LeakyState(learn, 1-2/n), 'state never led back':CarriedState(learn)}
    res = {}
    for name,state in states.items():
        res[name] = share_recognised(learn, state, clips)
        print(f'{name:<24} {100*res[name]:.1f} % of {len(clips)} clips of 8 classes', flush=True)
    return dict(clips=len(clips), epochs=epochs, **res)

@call_parse
def main(
    minutes:int=60, # Length of the stream; 0 leaves that part out
    epochs:int=16, # Of the ConvLSTM that follows clips; 0 leaves that part out
    groups:int=25, # Groups of each class in the sample that it is trained on
    run:str=None, # Folder of one that is trained already, by the recipe and on the sample
    out:str='bench/results/watch.json', # File for the figures
):
    "Memory of `watch`, and what carrying the state is worth"
    if not Path('/proc/self/statm').exists(): skip('this system has no /proc: run it on Linux')
    res = read_json(out)
    res.update(hardware=device_name(), torch=torch.__version__)
    with tempfile.TemporaryDirectory() as d:
        if minutes: res['memory'] = measure_memory(minutes, Path(d))
        if epochs: res['state'] = measure_states(Path(d), epochs, groups, run)
    save_json(out, res)
