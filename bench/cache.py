"""Which form should a cache of small frames have, and are caches as fast as the disk?

    python bench/cache.py [--n-clips 60] [--out bench/results/cache.json]

Clips are kept as JPEG folders, as arrays of all frames and as arrays of 32 frames. Measured are the disk space of
each, the time to write it, and the time to read a clip of uniform frames from it, beside reading the videos
themselves. All is in memory, in one process with one thread. Real clips are used where there are some, else the
sample's.

A second table has the features of a ResNet-18's body, stored by `cache_features`: clips a second of an epoch through
the loader, beside reading the same bytes and nothing else, from memory and from a disk whose pages were dropped. The
third says where the time goes that a clip from a folder of small JPEGs takes."""
import itertools,numpy as np,os,random,tempfile,time,torch,warnings
from functools import partial
from pathlib import Path
from torch.nn.functional import interpolate
from fastcore.script import call_parse
from common import clips_name,in_turns,medians,megabytes,print_table,save_json,some_clips,times_as_fast
from action_recog.clips.data import ActionDataLoaders,clip_reader
from action_recog.clips.sampling import UniformSampler
from action_recog.core import frame_names
from action_recog.learners.features import cache_features,feature_file
from action_recog.learners.learner import baseline_learner
from action_recog.videos.frames import avi2frames
from action_recog.videos.video import FolderFrames,read_clip,read_frames

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

def drop_pages(files):
    "Let the system forget what it keeps of `files` in memory"
    os.sync()
    for o in files:
        file = os.open(o, os.O_RDONLY)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)

def read_bytes(files, n_rows, n_of):
    "Read the bytes of `n_of` of the `n_rows` rows of each file, and nothing else"
    for o in files:
        with open(o, 'rb', buffering=0) as file:
            size = (os.fstat(file.fileno()).st_size-128)//n_rows
            for i in range(0, n_rows, n_rows//n_of):
                file.seek(128+i*size)
                file.read(size)

def one_epoch(dl):
    for _ in dl: pass

def measure_features(videos, tmp, seq_len, rounds, n_frames=16):
    "Rows of the second table"
    with warnings.catch_warnings(action='ignore'):
        dls = ActionDataLoaders.from_files(videos, splitter=lambda o: (range(1, len(o)),[0]), image_size=112, seq_len=seq_len, bs=16,
            num_workers=0, device='cpu')
        learn = baseline_learner(dls, 'resnet18', pretrained=False)
    learn.freeze()
    rows = []
    with learn.no_bar(), cache_features(learn, tmp/'features', n_frames=n_frames):
        store = clip_reader(learn.dls.train).store
        files = [feature_file(store, o, 0) for o in learn.dls.train_ds.items]
        ways = {'an epoch of features':partial(one_epoch, learn.dls.train.new(drop_last=False)),
            'the same bytes, no more':partial(read_bytes, files, n_frames, seq_len)}
        for place in ('memory','disk'):
            seconds = {name:[] for name in ways}
            for _,(name,way) in itertools.product(range(rounds), ways.items()):
                random.shuffle(files)
                if place=='disk': drop_pages(files)
                for k,v in in_turns({name:way}, 1).items(): seconds[k] += v
            rate = {name:len(files)/o for name,o in medians(seconds).items()}
            rows += [dict(what=name, place=place, clips_per_s=round(o), mb_per_s=round(o*seq_len/n_frames*megabytes(files[0])),
                share=round(o/rate['the same bytes, no more'], 2)) for name,o in rate.items()]
    return rows

def measure_parts(folders, seq_len, rounds):
    "Microseconds of a clip from a frame folder, each part with those before it"
    sampler = UniformSampler(seq_len)
    def chosen(o): return [frames[i] for frames in [FolderFrames(o)] for i in sampler(frames.n_frames)]
    ways = dict(names=frame_names, frames=chosen, decoded=lambda o: [frame.frame for frame in chosen(o)],
        converted=lambda o: read_frames(o, sampler))
    seconds = in_turns({k:partial(lambda f: [f(o) for o in folders], f) for k,f in ways.items()}, rounds, time.process_time)
    return {k:round(1e6*o/len(folders)) for k,o in medians(seconds).items()}

@call_parse
def main(
    n_clips:int=60, # Clips to take, spread over them
    side:int=128, # Short side in the cache, in pixels
    size:int=112, # Short side of the clips read from it, in pixels
    seq_len:int=16, # Frames of a clip
    rounds:int=7, # Timed rounds, the forms taking turns
    path:str=None, # Folder with `UCF101/`, $ACTION_RECOG_DATA if not given
    out:str='bench/results/cache.json', # File for the figures
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
        features = measure_features(videos, tmp, 8, rounds)
        parts = measure_parts([avi2frames(o, tmp/'small', size=size) for o in videos], seq_len, rounds)
    print(f'{len(videos)} clips of {clips_name(path)}, {seq_len} uniform frames at {size} px from a cache of {side} px')
    median = medians(seconds)
    faster = times_as_fast(seconds, plain)
    header = ['form', 'MB a clip', 'GB for 13,320 clips', 'ms to write', 'ms to read', 'times as fast as the videos']
    rows = [dict(form=name, mb=round(mb[name], 3), write_ms=round(write_ms[name], 1), read_ms=round(1000*median[name]/len(videos), 2),
        ratio=round(faster[name], 2)) for name in files]
    print_table(header, ([name, f'{mb[name]:.2f}', f'{mb[name]*13.320:.1f}', f'{write_ms[name]:.1f}',
        f'{1000*median[name]/len(videos):.2f}', f'{faster[name]:.1f}'] for name in files))
    print('\nfeatures of 8 of 16 frames, files in turn')
    print_table(['', 'from', 'clips/s', 'MB/s', 'share of the bytes alone'], (list(o.values()) for o in features))
    print(f'\na clip of {seq_len} frames from a folder of {size} px, microseconds: names {parts["names"]}, objects '
        f'{parts["frames"]-parts["names"]}, reading and decoding {parts["decoded"]-parts["frames"]}, converting {parts["converted"]-parts["decoded"]}')
    save_json(out, dict(clips=clips_name(path), seq_len=seq_len, size=size, rows=rows, features=features, folder_us=parts))
