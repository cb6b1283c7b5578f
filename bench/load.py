"""Clips a second of loaders: ours from videos, frame folders and a cache, the tutorial's, and other readers

    python bench/load.py [--only 112] [--out bench/results/load.json]

All give batches of uint8 clips on the CPU side, with the same number of workers, from the same clips, in turns in
one run. The tutorial's frames are written at full size first. Readers of torchcodec and decord take part where they
are installed. Real clips are used where there are some, else the sample's."""
import itertools,os,tempfile,warnings
warnings.filterwarnings('ignore')
from functools import partial
from fastai.vision.all import *
from fastcore.script import call_parse
from common import clips_name,in_turns,medians,save_json,some_clips,times_as_fast
from extract import tutorial
from action_recog.clips.data import ActionDataLoaders
from action_recog.clips.sampling import FirstSampler,KeyFrameSampler,UniformSampler
from action_recog.core import frame_names
from action_recog.videos.frames import avi2frames
from action_recog.videos.shrink import shrink_video
from action_recog.videos.opening import open_video

setups = [('64 px, first 5', 64, FirstSampler(5)), ('128 px, 20, step 5', 128, FirstSampler(20, 5)),
    ('224 px, first 8', 224, FirstSampler(8)), ('112 px, 16 uniform', 112, UniformSampler(16))]
peer = 'the tutorial, from frames'

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
        if x.shape[-2]!=self.size:
            width = round(x.shape[-1]*self.size/x.shape[-2])
            x = F.interpolate(x, size=(self.size,width), mode='bilinear', antialias=True)
        left = (x.shape[-1]-self.size)//2
        return x[..., left:left+self.size].contiguous(),0

def decode_only(fn, sampler):
    "Decode up to the last frame that is wanted"
    with open_video(fn) as (container,stream):
        last = max(sampler(stream.frames or 1, train=True))
        for i,_ in enumerate(container.decode(stream)):
            if i>=last: break
    return torch.zeros(1, 3, 8, 8, dtype=torch.uint8)

def by_torchvision(fn, sampler):
    from torchvision.io import ImageReadMode,decode_jpeg,read_file
    names = frame_names(fn)
    files = [os.path.join(fn, names[i]) for i in sampler(len(names), train=True)]
    return torch.stack([decode_jpeg(read_file(o), mode=ImageReadMode.RGB) for o in files])

def by_torchcodec(fn, sampler):
    from torchcodec.decoders import VideoDecoder
    video = VideoDecoder(fn, num_ffmpeg_threads=1, seek_mode='approximate')
    return video.get_frames_at(sampler(len(video), train=True)).data

def by_decord(fn, sampler):
    import decord
    video = decord.VideoReader(fn, num_threads=1)
    return torch.from_numpy(video.get_batch(sampler(len(video), train=True)).asnumpy()).permute(0,3,1,2)

def can_read(read, video, sampler):
    "Is the package of a reader installed, and does it find its libraries?"
    try: read(str(video), sampler)
    except (ImportError, OSError, RuntimeError): return False
    return True

def our_loader(files, size, sampler, **kwargs):
    split = IndexSplitter(range(2))
    dls = ActionDataLoaders.from_files(files, splitter=split, image_size=size, sampler=sampler, device='cpu', **kwargs)
    dls.train.after_batch = Pipeline()
    return dls.train

def tutorial_loader(files, size, sampler, **kwargs):
    block = DataBlock((TransformBlock(TutorialTfm(sampler)), CategoryBlock), get_y=parent_label,
        splitter=IndexSplitter(range(2)), item_tfms=Resize(size))
    dl = block.dataloaders(files, device='cpu', **kwargs).train
    dl.after_batch = Pipeline()
    return dl

def plain_loader(files, read, size, sampler, **kwargs):
    return DataLoader(Reader(files[2:], read, size, sampler), shuffle=True, drop_last=True, device='cpu', **kwargs)

def make_loaders(videos, frames, cache, shrunk, size, sampler, **kwargs):
    "All loaders of one setup by name, each over as many items"
    ours = partial(our_loader, size=size, **kwargs)
    plain = partial(plain_loader, size=size, sampler=sampler, **kwargs)
    res = {peer:tutorial_loader(frames, size, sampler, **kwargs),
        'torchvision.io, from frames':plain(frames, by_torchvision),
        'ours, from frames':ours(frames, sampler=sampler),
        'ours, from videos':ours(videos, sampler=sampler)}
    if size==112:
        res['ours, key frames of videos'] = ours(videos, sampler=KeyFrameSampler(16))
        res['ours, from frames cached at 112 px'] = ours(cache, sampler=sampler)
        res['ours, from videos shrunk to 128 px'] = ours(shrunk, sampler=sampler)
    for name,read in {'torchcodec':by_torchcodec, 'decord':by_decord}.items():
        if can_read(read, videos[0], sampler): res[f'{name}, from videos'] = plain(videos, read)
    res['floor: decode the videos, no more'] = plain(videos, decode_only, size=8)
    return res

def one_pass(dl):
    for _ in dl: pass

def measure(loaders, n_items, n_passes):
    "Rows of one setup: clips a second, and how many times as fast as the tutorial's loader"
    for dl in loaders.values(): dl.one_batch()
    seconds = in_turns({name:partial(one_pass, dl) for name,dl in loaders.items()}, n_passes, warm_up=True)
    rate = {name:round(n_items/o, 1) for name,o in medians(seconds).items()}
    ratio = {name:round(o, 2) for name,o in times_as_fast(seconds, peer).items()}
    return [dict(loader=name, clips_per_s=rate[name], ratio=ratio[name]) for name in loaders]

def prepare(videos, tmp):
    "Folders of frames, as the tutorial writes them and as a cache at 112 px, and videos shrunk to 128 px"
    for o in videos:
        shrink_video(o, tmp/'shrunk')
        tutorial(o, tmp/'frames')
        avi2frames(o, tmp/'cache', size=112)
    places = [f'{o.parent.name}/{o.stem}' for o in videos]
    return [tmp/'frames'/o for o in places],[tmp/'cache'/o for o in places],[tmp/'shrunk'/o.parent.name/o.name for o in videos]

def repeat(files, n):
    "`files` over and over, `n` in all; loaders keep the first two as their validation set"
    return L(itertools.islice(itertools.cycle(files), n))

@call_parse
def main(
    n_clips:int=100, # Clips to take, spread over them
    n_items:int=480, # Items of a pass, the clips over and over; whole batches are read
    n_passes:int=4, # Timed passes of each loader, the loaders taking turns
    num_workers:int=2, # Of each loader
    bs:int=16, # Clips in a batch
    only:str='', # Part of the name of a setup
    path:str=None, # Folder with `UCF101/`, $ACTION_RECOG_DATA if not given
    out:str='bench/results/load.json', # File for the figures
):
    "Compare loaders in four setups"
    torch.set_num_threads(1)
    rows = []
    with tempfile.TemporaryDirectory() as tmp:
        tmp = Path(tmp)
        videos = some_clips(n_clips, tmp, path)
        kinds = [repeat(o, n_items+2) for o in (videos, *prepare(videos, tmp))]
        print(f'{len(videos)} clips of {clips_name(path)}, {num_workers} workers, batches of {bs}, '
            f'{n_passes} passes over {n_items} items')
        for name,size,sampler in setups:
            if only not in name: continue
            set_seed(0)
            loaders = make_loaders(*kinds, size, sampler, bs=bs, num_workers=num_workers)
            found = measure(loaders, n_items//bs*bs, n_passes)
            print(f'\n{name:36} clips/s    x tutorial')
            for r in found: print(f'{r["loader"]:36} {r["clips_per_s"]:7} {r["ratio"]:10.2f}', flush=True)
            rows += [dict(setup=name, **r) for r in found]
    how = dict(device=f'CPU, {num_cpus()} cores', n_clips=len(videos), num_workers=num_workers, bs=bs)
    save_json(out, dict(how, rows=rows))
