"""Which form should a cache of frames at a small size have? Disk space and time to read a clip of each, beside the videos themselves

    python bench/cache.py [--path UCF101]"""
import io,os
from time import perf_counter
from fastai.vision.all import *
from fastcore.script import call_parse
from action_recog.core import *
from action_recog.clips.data import *
from action_recog.videos.sample import write_sample
from action_recog.videos.video import *

def read_npy(fn, idxs, size):
    a = np.load(fn, mmap_mode='r')
    x = torch.from_numpy(np.ascontiguousarray(a[idxs(len(a))]))
    return F.interpolate(x, size=(size,round(x.shape[-1]*size/x.shape[-2])), mode='bilinear', antialias=True)

def mb(p): return sum(o.stat().st_size for o in (p.rglob('*') if p.is_dir() else [p]) if o.is_file())/1e6

@call_parse
def main(
    path:str=None, # Folder of videos, the real clips or the sample if not given
    n_clips:int=60, # Clips to take, spread over them
    side:int=128, # Short side in the cache, in pixels
    size:int=112, # Short side of the clips read from it, in pixels
    seq_len:int=16, # Frames of a clip
    rounds:int=7, # Timed rounds
):
    "Print the table"
    torch.set_num_threads(1)
    data = Path(ifnone(path, os.environ.get('ACTION_RECOG_DATA', Path(__file__).resolve().parents[2]/'shared/data')))
    with tempfile.TemporaryDirectory() as tmp:
        tmp,sampler = Path(tmp),UniformSampler(seq_len)
        videos = (get_videos(data) if data.is_dir() else L()) or get_videos(write_sample(tmp/'sample'))
        videos = L(videos[int(i)] for i in np.linspace(0, len(videos)-1, min(n_clips, len(videos))))
        make = {'JPEG folder, all frames': lambda v: avi2frames(v, tmp/'all', size=side)}
        def npy(v, n=None):
            fn = tmp/f'{v.stem}-{n}.npy'
            np.save(fn, read_clip(v, lambda k: range(k) if n is None else UniformSampler(n)(k), side).numpy())
            return fn
        make['npy, all frames'],make['npy, 32 frames'] = npy,partial(npy, n=32)
        forms = {'videos, as they are':(videos,0.)}
        for k,f in make.items():
            start = perf_counter()
            files = L(f(v) for v in videos)
            forms[k] = files,(perf_counter()-start)/len(videos)*1e3
        read = {k: read_clip if k[0]=='v' else read_frames if k[0]=='J' else read_npy for k in forms}
        times = {k:[] for k in forms}
        for _ in range(rounds):
            for k,(files,_) in forms.items():
                start = perf_counter()
                for o in files: read[k](o, sampler, size)
                times[k].append((perf_counter()-start)/len(files)*1e3)
        print(f'{len(videos)} clips, {seq_len} uniform frames at {size} px from a cache of {side} px, one process, all in memory\n')
        print('| form | MB a clip | GB for 13,320 clips | ms to write | ms to read | to the videos |\n|---|--:|--:|--:|--:|--:|')
        for k,(files,w) in forms.items():
            m,t = sum(map(mb, files))/len(files),np.median(times[k])
            print(f'| {k} | {m:.2f} | {m*13.320:.1f} | {w:.1f} | {t:.2f} | {np.median(times["videos, as they are"])/t:.1f}x |')
