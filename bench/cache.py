"""Which form should a cache of small frames have?

    python bench/cache.py [--n-clips 60]

Clips are kept as JPEG folders, as arrays of all frames and as arrays of 32 frames. Measured are the disk space of
each, the time to write it, and the time to read a clip of uniform frames from it, beside reading the videos
themselves. All is in memory, in one process with one thread. Real clips are used where there are some, else the
sample's."""
import numpy as np,tempfile,time,torch
from pathlib import Path
from torch.nn.functional import interpolate
from fastcore.script import call_parse
from common import clips_name,in_turns,medians,megabytes,print_table,some_clips,times_as_fast
from action_recog.clips.sampling import UniformSampler
from action_recog.videos.frames import avi2frames
from action_recog.videos.video import read_clip,read_frames

def read_npy(fn, sampler, size):
    "A clip from an array of frames"
    frames = np.load(fn, mmap_mode='r')
    clip = torch.from_numpy(np.ascontiguousarray(frames[sampler(len(frames))]))
    width = round(clip.shape[-1]*size/clip.shape[-2])
    return interpolate(clip, size=(size,width), mode='bilinear', antialias=True)

def as_npy(video, dest, side, sampler):
    "Write the frames that `sampler` chooses as an array"
    fn = dest/f'{video.stem}.npy'
    dest.mkdir(exist_ok=True)
    np.save(fn, read_clip(video, sampler, side).numpy())
    return fn

def cache_forms(tmp, side):
    "Name, function that writes a video, function that reads a clip"
    return [('JPEG folder, all frames', lambda v: avi2frames(v, tmp/'jpeg', size=side), read_frames),
        ('npy, all frames', lambda v: as_npy(v, tmp/'all', side, range), read_npy),
        ('npy, 32 frames', lambda v: as_npy(v, tmp/'some', side, UniformSampler(32)), read_npy)]

def read_all(files, read, sampler, size):
    for o in files: read(o, sampler, size)

@call_parse
def main(
    n_clips:int=60, # Clips to take, spread over them
    side:int=128, # Short side in the cache, in pixels
    size:int=112, # Short side of the clips read from it, in pixels
    seq_len:int=16, # Frames of a clip
    rounds:int=7, # Timed rounds, the forms taking turns
    path:str=None, # Folder with `UCF101/`, $ACTION_RECOG_DATA if not given
):
    "Disk space and time to read a clip of each form"
    torch.set_num_threads(1)
    sampler = UniformSampler(seq_len)
    with tempfile.TemporaryDirectory() as tmp:
        tmp = Path(tmp)
        videos = some_clips(n_clips, tmp, path)
        plain = 'videos, as they are'
        files,ways,write_ms = {plain:videos},{plain:lambda: read_all(videos, read_clip, sampler, size)},{plain:0.}
        for name,write,read in cache_forms(tmp, side):
            start = time.perf_counter()
            files[name] = [write(o) for o in videos]
            write_ms[name] = 1000*(time.perf_counter()-start)/len(videos)
            ways[name] = lambda name=name, read=read: read_all(files[name], read, sampler, size)
        seconds = in_turns(ways, rounds)
        mb = {name:sum(map(megabytes, o))/len(o) for name,o in files.items()}
    print(f'{len(videos)} clips of {clips_name(path)}, {seq_len} uniform frames at {size} px from a cache of {side} px')
    median = medians(seconds)
    faster = times_as_fast(seconds, plain)
    header = ['form', 'MB a clip', 'GB for 13,320 clips', 'ms to write', 'ms to read', 'times as fast as the videos']
    print_table(header, ([name, f'{mb[name]:.2f}', f'{mb[name]*13.320:.1f}', f'{write_ms[name]:.1f}',
        f'{1000*median[name]/len(videos):.2f}', f'{faster[name]:.1f}'] for name in files))
