"""What reading a clip costs, by the way in which frames are converted

    python bench/read.py [--n-clips 64] [--rounds 5]

Clips of 32 frames are read in several ways, in turns: by `read_clip`, by one scaler of a clip to interleaved RGB,
by an image for each frame, and by decoding alone. All decode with one thread, up to the last frame that is wanted.
They are the sample's, which holds nothing but key frames."""
import av
from functools import partial
from pathlib import Path
from PIL import Image
from tempfile import TemporaryDirectory
from av.video.reformatter import VideoReformatter
from fastcore.script import call_parse
from common import device_name,in_turns,medians,print_table,spread,times_as_fast
from action_recog.clips.sampling import UniformSampler
from action_recog.videos.sample import write_sample
from action_recog.videos.opening import get_videos
from action_recog.videos.video import read_clip

def decoded(video, numbers):
    "The frames `numbers` of `video`, decoded with one thread"
    with av.open(str(video)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        for i,frame in enumerate(container.decode(video=0)):
            if i in numbers: yield frame
            if i==max(numbers): return

def by_read_clip(video, numbers, size): return read_clip(video, numbers, size)

def key_frames(video, numbers, size):
    "As many key frames"
    return read_clip(video, lambda n: [i%n for i in range(len(numbers))], size, keyframes=True)

def one_scaler(video, numbers, size, **kwargs):
    "Interleaved RGB by one scaler"
    scaler = VideoReformatter()
    how = dict(width=size*4//3, height=size, format='rgb24', interpolation='BILINEAR', **kwargs)
    return [scaler.reformat(o, **how).to_ndarray() for o in decoded(video, numbers)]

def by_images(video, numbers, size):
    "An image for each frame, scaled by Pillow"
    return [o.to_image().resize((size*4//3,size), Image.BILINEAR) for o in decoded(video, numbers)]

def decode_only(video, numbers, size): return list(decoded(video, numbers))

ways = {'`read_clip`':by_read_clip, '`read_clip` of key frames':key_frames,
    'one scaler a clip, interleaved RGB':partial(one_scaler, threads=1), 'the same with automatic threads':one_scaler,
    '`to_image` and Pillow for each frame':by_images, 'decoding alone':decode_only}

def read_all(way, videos, numbers, size):
    for o in videos: way(o, numbers, size)

@call_parse
def main(
    seq_len:int=8, # Frames of a clip, spread over the video
    size:int=64, # Short side in pixels
    n_clips:int=64, # Clips to read
    rounds:int=5, # Timed rounds, the ways taking turns
):
    "Read the sample's clips in several ways"
    with TemporaryDirectory() as d:
        videos = spread(get_videos(write_sample(Path(d)/'sample', n_groups=4)/'UCF-101'), n_clips)
        numbers = UniformSampler(seq_len)(32)
        jobs = {name:partial(read_all, way, videos, numbers, size) for name,way in ways.items()}
        seconds = in_turns(jobs, rounds, warm_up=True)
    print(f'\n{seq_len} frames at {size} px from {len(videos)} clips of 32 frames of 320x240, {device_name()}')
    median = medians(seconds)
    faster = times_as_fast(seconds, '`read_clip`')
    print_table(['way', 'ms a clip', 'times as fast as `read_clip`'],
        ([name, f'{1000*median[name]/len(videos):.1f}', f'{faster[name]:.2f}'] for name in ways))
