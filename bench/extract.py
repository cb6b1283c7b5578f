"""Extracting frames: the tutorial's way, ours, and decoding alone

    python bench/extract.py [--n 63] [--rounds 3]

All ways extract the same videos at full size and at 128 pixels, with the same number of processes, in turns; the
median counts. The table has the time, the disk space, and the PSNR of the files against what the decoder gives,
scaled by Pillow. Real clips are used where there are some, else the sample's."""
import shutil
import av,numpy as np
from functools import partial
from pathlib import Path
from PIL import Image
from tempfile import TemporaryDirectory
from fastcore.parallel import parallel
from fastcore.script import call_parse
from common import clips_name,in_turns,medians,megabytes,print_table,some_clips,times_as_fast
from action_recog.videos.frames import avi2frames
from action_recog.videos.video import open_video

def frame_folder(video, dest): return dest/video.parent.name/video.stem

def images(video, size):
    "An image of each frame, as in the tutorial, its short side at `size`"
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            image = frame.to_image()
            if size: image = image.resize([round(o*size/min(image.size)) for o in image.size], Image.BILINEAR)
            yield image

def tutorial(video, dest, size=None):
    "Write each frame by Pillow, with its default quality"
    folder = frame_folder(video, dest)
    folder.mkdir(parents=True)
    for i,image in enumerate(images(video, size)): image.save(folder/f'{i}.jpg')

def ours(video, dest, size): avi2frames(video, dest, size=size)

def floor(video, dest, size):
    "Decode, and do nothing else"
    with open_video(video) as (container,stream): return sum(1 for _ in container.decode(stream))

ways = tutorial,ours,floor

def psnr(videos, dest, size, every=10):
    "Mean over frames of the PSNR (dB) of the files against the decoder's pictures, scaled by Pillow"
    values = []
    for video in videos:
        for i,image in enumerate(images(video, size)):
            if i%every: continue
            written = Image.open(frame_folder(video, dest)/f'{i}.jpg').convert('RGB')
            error = np.asarray(written, dtype=float)-np.asarray(image)
            values.append(10*np.log10(255**2/(error**2).mean()))
    return np.mean(values)

def extract(way, videos, dest, size, n_workers):
    "Extract all `videos` anew"
    shutil.rmtree(dest, ignore_errors=True)
    parallel(way, videos, dest=dest, size=size, n_workers=n_workers, progress=False)

def measure(videos, tmp, size, n_workers, rounds):
    "A row a way"
    dests = {way.__name__:tmp/f'{way.__name__}-{size}' for way in ways}
    jobs = {way.__name__:partial(extract, way, videos, dests[way.__name__], size, n_workers) for way in ways}
    seconds = in_turns(jobs, rounds)
    median = medians(seconds)
    faster = times_as_fast(seconds, 'tutorial')
    for name,dest in dests.items():
        written = [f'{megabytes(dest):.2f}', f'{psnr(videos, dest, size):.2f}'] if dest.exists() else ['–', '–']
        yield [size or 'full', name, f'{median[name]:.2f}', f'{faster[name]:.2f}', *written]

@call_parse
def main(
    n:int=63, # Videos
    n_workers:int=2, # Processes
    rounds:int=3, # Repeats, the ways taking turns; the median counts
    dest:str=None, # Where to write, in memory (`/dev/shm`) if not given, so that the disk is not what is measured
    path:str=None, # Folder with `UCF101/`, $ACTION_RECOG_DATA if not given
):
    "Compare ways to extract frames"
    if dest is None and Path('/dev/shm').exists(): dest = '/dev/shm'
    with TemporaryDirectory(dir=dest) as tmp:
        tmp = Path(tmp)
        videos = some_clips(n, tmp, path)
        print(f'{len(videos)} videos of {clips_name(path)}, {n_workers} workers')
        rows = (row for size in (None, 128) for row in measure(videos, tmp, size, n_workers, rounds))
        print_table(['short side', 'way', 'seconds', 'times as fast as the tutorial', 'MB', 'PSNR, dB'], rows)
