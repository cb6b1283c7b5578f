"""Clips a second of loaders: ours from videos, frame folders and a cache, the tutorial's, and other readers where they are installed

All give batches of uint8 clips on the CPU side, with the same number of workers, from the same clips, in turns in one run.
    python bench/load.py [--path UCF101] [--out results.json]"""
import av,json,os,random,shutil,statistics,tempfile,time,warnings
warnings.filterwarnings('ignore')
from fastai.vision.all import *
from fastcore.script import call_parse
from action_recog.core import *
from action_recog.clips.data import *
from action_recog.videos.sample import *
from action_recog.videos.video import *

setups = [('64 px, first 5', 64, FirstSampler(5)), ('128 px, 20, step 5', 128, FirstSampler(20, 5)),
    ('224 px, first 8', 224, FirstSampler(8)), ('112 px, 16 uniform', 112, UniformSampler(16))]

class TutorialTuple(fastuple):
    @classmethod
    def create(cls, fns): return cls(tuple(PILImage.create(f) for f in fns))

class TutorialTfm(Transform):
    "The tutorial's: sort the folder, open the frames that are wanted"
    def __init__(self, sampler): self.sampler = sampler
    def encodes(self, path:Path):
        fns = path.ls().sorted(key=lambda f: int(f.with_suffix('').name))
        return TutorialTuple.create([fns[i] for i in self.sampler(len(fns), train=True)])

class Reader:
    "A data set in torch's manner that calls `read(file, sampler)`, scales to the short side and crops the middle"
    def __init__(self, files, read, size, sampler): store_attr()
    def __len__(self): return len(self.files)
    def __getitem__(self, i):
        x = self.read(str(self.files[i]), self.sampler)
        if x.shape[-2]!=self.size: x = F.interpolate(x, size=(self.size,round(x.shape[-1]*self.size/x.shape[-2])), mode='bilinear', antialias=True)
        l = (x.shape[-1]-self.size)//2
        return x[..., l:l+self.size].contiguous(),0

def decode_only(fn, sampler):
    with open_video(fn) as (c,s):
        last = max(sampler(s.frames or 1, train=True))
        for i,_ in enumerate(c.decode(s)):
            if i>=last: break
    return torch.zeros(1, 3, 8, 8, dtype=torch.uint8)

def by_torchvision(fn, sampler):
    from torchvision.io import decode_jpeg,read_file,ImageReadMode
    fns = Path(fn).ls_sorted()
    return torch.stack([decode_jpeg(read_file(str(fns[i])), mode=ImageReadMode.RGB) for i in sampler(len(fns), train=True)])

def by_torchcodec(fn, sampler):
    from torchcodec.decoders import VideoDecoder
    v = VideoDecoder(fn, num_ffmpeg_threads=1, seek_mode='approximate')
    return v.get_frames_at(sampler(len(v), train=True)).data

def by_decord(fn, sampler):
    import decord
    v = decord.VideoReader(fn, num_threads=1)
    return torch.from_numpy(v.get_batch(sampler(len(v), train=True)).asnumpy()).permute(0,3,1,2)

def installed(name):
    try: return __import__(name)
    except Exception: return None

def loaders(videos, frames, cache, size, sampler, **kwargs):
    def ours(files, sampler=sampler):
        dl = ActionDataLoaders.from_files(files, splitter=IndexSplitter(range(2)), image_size=size, sampler=sampler, device='cpu', **kwargs).train
        dl.after_batch = Pipeline()
        return dl
    block = DataBlock((TransformBlock(TutorialTfm(sampler)), CategoryBlock), get_y=parent_label, splitter=IndexSplitter(range(2)), item_tfms=Resize(size))
    tutorial = block.dataloaders(frames, device='cpu', **kwargs).train
    tutorial.after_batch = Pipeline()
    plain = lambda files, read, sz=size: DataLoader(Reader(files[2:], read, sz, sampler), shuffle=True, drop_last=True, device='cpu', **kwargs)
    res = {'the tutorial, from frames':tutorial, 'torchvision.io, from frames':plain(frames, by_torchvision), 'ours, from frames':ours(frames), 'ours, from videos':ours(videos)}
    if size==112: res.update({'ours, key frames of videos':ours(videos, KeyFrameSampler(16)), 'ours, from frames cached at 112 px':ours(cache)})
    if installed('torchcodec'): res['torchcodec, from videos'] = plain(videos, by_torchcodec)
    if installed('decord'): res['decord, from videos'] = plain(videos, by_decord)
    res['floor: decode the videos, no more'] = plain(videos, decode_only, 8)
    return res

def one_pass(dl):
    start,n = time.perf_counter(),0
    for b in dl: n += len(b[-1])
    return n/(time.perf_counter()-start)

def write_frames(videos, dest):
    "As the tutorial does: Pillow, full size, its default quality"
    for v in progress_bar(videos):
        (d:=dest/v.parent.name/v.stem).mkdir(parents=True)
        with av.open(str(v)) as c:
            for i,f in enumerate(c.decode(video=0)): f.to_image().save(d/f'{i}.jpg')

def find_videos(path):
    data = Path(ifnone(path, os.environ.get('ACTION_RECOG_DATA', Path(__file__).resolve().parents[2]/'shared/data')))
    return get_videos(data) if data.is_dir() else L()

@call_parse
def main(
    path:str=None, # Folder of videos, the sample if there is none
    n_clips:int=100, # Clips to take, spread over them
    n_items:int=480, # Items of a pass, the clips over and over
    n_passes:int=4, # Timed passes of each loader
    num_workers:int=2, # Of each loader
    bs:int=16, # Clips in a batch
    only:str='', # Part of the name of a setup
    out:str=None, # JSON to write
):
    "Print the table"
    torch.set_num_threads(1)
    rows = []
    with tempfile.TemporaryDirectory() as tmp:
        tmp = Path(tmp)
        videos = find_videos(path) or get_videos(write_sample(tmp/'sample'))
        videos = L(videos[int(i)] for i in np.linspace(0, len(videos)-1, min(n_clips, len(videos))))
        write_frames(videos, tmp/'frames')
        frames = videos.map(lambda o: tmp/'frames'/o.parent.name/o.stem)
        for v in videos: avi2frames(v, tmp/'cache', size=112)
        cache = videos.map(lambda o: tmp/'cache'/o.parent.name/o.stem)
        times = -(-(n_items+2)//len(videos))
        rep = lambda o: L(list(o)*times)[:n_items+2]
        print(f'{len(videos)} clips of {parent_label(videos[0])} …, {num_workers} workers, batches of {bs}, median of {n_passes} passes over {n_items} items in turns')
        for name,size,sampler in setups:
            if only not in name: continue
            set_seed(0)
            dls = loaders(rep(videos), rep(frames), rep(cache), size, sampler, bs=bs, num_workers=num_workers)
            for dl in dls.values(): dl.one_batch(),one_pass(dl)
            speed = {k:[] for k in dls}
            for _ in range(n_passes):
                for k,dl in dls.items(): speed[k].append(one_pass(dl))
            base = speed['the tutorial, from frames']
            print(f'\n{name:36} clips/s    x tutorial')
            for k,v in speed.items():
                ratio = statistics.median(a/b for a,b in zip(v, base))
                rows.append(dict(setup=name, loader=k, clips_per_s=round(statistics.median(v), 1), ratio=round(ratio, 2)))
                print(f'{k:36} {rows[-1]["clips_per_s"]:7} {ratio:10.2f}', flush=True)
            del dls
    if out: Path(out).write_text(json.dumps(dict(device=f'CPU, {num_cpus()} cores', n_clips=len(videos), num_workers=num_workers, bs=bs, rows=rows), indent=1))
