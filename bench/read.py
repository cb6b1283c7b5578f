"What reading a clip costs, by the way frames are converted. Prints a table: `python bench/read.py`"
import av
from tempfile import TemporaryDirectory
from time import perf_counter
from av.video.reformatter import VideoReformatter
from fastai.vision.all import *
from action_recog.clips.data import UniformSampler,get_instances
from action_recog.videos.sample import write_sample
from action_recog.videos.video import read_clip

def frames(video, idxs):
    "The frames `idxs` of `video`, decoded with one thread"
    with av.open(str(video)) as c:
        c.streams.video[0].codec_context.thread_count = 1
        for i,f in enumerate(c.decode(video=0)):
            if i in idxs: yield f

def decode(video, idxs, size): return sum(1 for _ in frames(video, range(max(idxs)+1)))
def per_frame(video, idxs, size): return [f.to_image().resize((size*4//3,size), BILINEAR) for f in frames(video, idxs)]

def auto_threads(video, idxs, size):
    rf = VideoReformatter()
    return [rf.reformat(f, width=size*4//3, height=size, format='rgb24', interpolation='BILINEAR').to_ndarray() for f in frames(video, idxs)]

def one_scaler(video, idxs, size):
    rf = VideoReformatter()
    return [rf.reformat(f, width=size*4//3, height=size, format='rgb24', interpolation='BILINEAR', threads=1).to_ndarray() for f in frames(video, idxs)]

def key_frames(video, idxs, size): return read_clip(video, lambda n: [i%n for i in range(len(idxs))], size, keyframes=True)

ways = {'read_clip':read_clip, '`read_clip` of key frames':key_frames, 'one scaler a clip, interleaved RGB':one_scaler, 'the same with automatic threads':auto_threads, '`to_image` and Pillow for each frame':per_frame,
    'decoding alone':decode}

def measure(videos, seq_len, size, rounds=5):
    "Median milliseconds a clip of each way, the ways taking turns"
    idxs,times = UniformSampler(seq_len)(32),{k:[] for k in ways}
    for _ in range(rounds):
        for k,f in ways.items():
            start = perf_counter()
            for v in videos: f(v, idxs, size)
            times[k].append(1000*(perf_counter()-start)/len(videos))
    return {k:np.median(v) for k,v in times.items()}

@call_parse
def main(
    seq_len:int=8, # Frames of a clip, spread over the video
    size:int=64, # Short side in pixels
):
    "Read the sample's clips in several ways"
    with TemporaryDirectory() as d:
        videos = get_instances(write_sample(Path(d)/'sample', n_groups=4)/'UCF-101')
        res = measure(videos, seq_len, size)
    print(f'\n{seq_len} frames at {size} px from 32-frame clips of 320x240, {torch.get_num_threads()} cores\n\n| way | ms a clip | to read_clip |\n|---|--:|--:|')
    for k,v in res.items(): print(f'| {k} | {v:.1f} | {v/res["read_clip"]:.2f} |')
