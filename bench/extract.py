"Extracting frames: the tutorial's way, ours, and decoding alone. Prints a table: `python bench/extract.py`"
import os,shutil
from tempfile import TemporaryDirectory
from time import perf_counter
import av
from fastai.vision.all import *
from action_recog.videos.sample import write_sample
from action_recog.videos.video import avi2frames,get_videos,open_video

def tutorial_frames(fname):
    "As in the tutorial: an image of each frame"
    for f in av.open(str(fname)).decode(0): yield f.to_image()

def tutorial(video, dest, size):
    folder = dest/video.parent.name/video.stem
    folder.mkdir(parents=True)
    for i,im in enumerate(tutorial_frames(video)):
        if size: im = im.resize([round(o*size/min(im.size)) for o in im.size], BILINEAR)
        im.save(folder/f'{i}.jpg')

def ours(video, dest, size): avi2frames(video, dest, size=size)

def floor(video, dest, size):
    with open_video(video) as (c,s): return sum(1 for _ in c.decode(s))

def psnr(videos, dest, size, n=10):
    "Mean over frames of the PSNR (dB) of the files against the decoder's pictures, scaled by Pillow"
    res = []
    for v in videos:
        for i,im in enumerate(tutorial_frames(v)):
            if i%n: continue
            if size: im = im.resize([round(o*size/min(im.size)) for o in im.size], BILINEAR)
            jpg = np.asarray(Image.open(dest/v.parent.name/v.stem/f'{i}.jpg').convert('RGB'), dtype=float)
            res.append(10*np.log10(255**2/((jpg-np.asarray(im))**2).mean()))
    return np.mean(res)

def find_videos(tmp, n):
    "`n` real clips spread over the classes where there are some, else the sample's"
    data = Path(os.environ.get('ACTION_RECOG_DATA', '../shared/data'))/'UCF101'
    videos = get_videos(data if data.exists() else write_sample(Path(tmp)/'sample', n_groups=4)/'UCF-101')
    return videos[::max(len(videos)//n, 1)][:n]

@call_parse
def main(
    n:int=63, # Videos
    n_workers:int=2, # Processes
    rounds:int=3, # Repeats, the ways taking turns; the median counts
    dest:str=None, # Where to write, in memory (`/dev/shm`) by default, so that the disk is not what is measured
):
    "Compare ways to extract frames"
    if dest is None and Path('/dev/shm').exists(): dest = '/dev/shm'
    with TemporaryDirectory(dir=dest) as tmp:
        videos = find_videos(tmp, n)
        print(f'{len(videos)} videos from {videos[0].parent.parent.name}, {n_workers} workers\n')
        print('| short side | way | seconds | to the tutorial | MB | PSNR, dB |\n|---|---|--:|--:|--:|--:|')
        for size in (None,128):
            times = {o:[] for o in (tutorial,ours,floor)}
            for r in range(rounds):
                for f in times:
                    dest = Path(tmp)/f'{f.__name__}-{size}-{r}'
                    start = perf_counter()
                    parallel(f, videos, dest=dest, size=size, n_workers=n_workers, progress=False)
                    times[f].append(perf_counter()-start)
                    if r: shutil.rmtree(dest, ignore_errors=True)
            for f,t in times.items():
                dest = Path(tmp)/f'{f.__name__}-{size}-0'
                mb,db = '–','–'
                if dest.exists(): mb,db = f"{sum(o.stat().st_size for o in dest.rglob('*.jpg'))/1e6:.2f}",f'{psnr(videos, dest, size):.2f}'
                ratio = np.median(times[tutorial])/np.median(t)
                print(f"| {size or 'full'} | {f.__name__} | {np.median(t):.2f} | {ratio:.2f} | {mb} | {db} |")
