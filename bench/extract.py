"""Frames of videos on disk: the tutorial's way, ours in folders and in films, and decoding alone

    python bench/extract.py [--n 63] [--rounds 3] [--dest /mnt/disk] [--out bench/results/extract.json]

All ways convert the same videos at full size and at 128 pixels, with the same number of processes, in turns, in memory
and, where `--dest` names a folder, on its disk; the median counts. A second table has what was written and how fast
clips are read from it: 16 frames spread over a clip, at 112 pixels, in random order, in one process. A third has the
quality, at as many bytes as the tutorial's: PSNR (of the mean squared error over all frames) and SSIM of each plane of
what is read back against the planes that the decoder gives, their range stretched to a JPEG's. At 128 pixels each way is compared with those planes in its own
scaler's hands: Pillow's for the tutorial, FFmpeg's for ours. Real clips of the first training list are used where there
are some, else the sample's."""
import os,random,shutil,statistics,time,warnings
warnings.filterwarnings('ignore')
import av,numpy as np,torch
from functools import partial
from pathlib import Path
from PIL import Image
from tempfile import TemporaryDirectory
from fastcore.parallel import parallel
from fastcore.script import call_parse
from torchvision.io import encode_jpeg
from common import clips_name,data_folder,in_turns,medians,megabytes,print_table,save_json,some_clips,times_as_fast
from action_recog.clips.sampling import UniformSampler
from action_recog.videos.files import new_folder
from action_recog.videos.frames import avi2frames,whole_frames
from action_recog.videos.jpeg import encode_frame,full_range,jpeg_planes
from action_recog.videos.shrink import shrink_video
from action_recog.videos.opening import open_video
from action_recog.videos.video import read_clip,read_frames

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

def by_rgb(video, dest, size):
    "Write the RGB pictures of the shared scaler by torchvision"
    with new_folder(frame_folder(video, dest)) as folder:
        for frame in whole_frames(video):
            (folder/f'{frame.number}.jpg').write_bytes(encode_jpeg(torch.from_numpy(frame.pixels(size)), quality=75).numpy().tobytes())

def frames(video, dest, size): avi2frames(video, dest, size=size)
def shrunk(video, dest, size): shrink_video(video, dest, size=size)

def floor(video, dest, size):
    "Decode, and do nothing else"
    with open_video(video) as (container,stream): return sum(1 for _ in container.decode(stream))

ways = {'the tutorial':tutorial, 'ours, by way of RGB':by_rgb, 'ours, frame folders':frames, 'ours, shrunk videos':shrunk,
    'floor: decode the videos, no more':floor}
peer = 'the tutorial'

def clear(dest):
    "Let `dest` be new; on a disk the old one is kept, as ext4 makes files slowly for minutes after many were deleted"
    if dest.is_relative_to('/dev/shm'): shutil.rmtree(dest, ignore_errors=True)
    elif dest.exists(): dest.rename(dest.with_name(f'{dest.name}-{time.time_ns()}'))

def convert(way, videos, dest, size, n_workers):
    "Convert all `videos` anew"
    clear(dest)
    parallel(way, videos, dest=dest, size=size, n_workers=n_workers, progress=False)

def both_clocks():
    "The time, and the processor's time of this process and those that it has ended"
    return np.array([time.perf_counter(), sum(os.times()[:4])])

def speed(videos, folder, size, n_workers, rounds):
    "A row a way: seconds and processor seconds, and how many times as fast as the tutorial by each"
    jobs = {name:partial(convert, way, videos, folder/f'{way.__name__}-{size}', size, n_workers) for name,way in ways.items()}
    taken = in_turns(jobs, rounds, both_clocks)
    seconds,cpu = ({name:[float(o[i]) for o in own] for name,own in taken.items()} for i in (0,1))
    median,faster,cheaper = medians(seconds),times_as_fast(seconds, peer),times_as_fast(cpu, peer)
    return [dict(way=name, seconds=round(median[name], 2), ratio=round(faster[name], 2), cpu_ratio=round(cheaper[name], 2)) for name in ways]

def written(name, folder, size):
    "Where a way has written"
    return folder/f'{ways[name].__name__}-{size}'

def clips_of(name, videos, folder, size):
    "What to read for each of `videos`, and the reader"
    dest = written(name, folder, size)
    if name=='ours, shrunk videos': return [dest/o.parent.name/o.name for o in videos],read_clip
    return [frame_folder(o, dest) for o in videos],read_frames

def read_all(clips, read, sampler): return [read(o, sampler, 112) for o in random.sample(clips, len(clips))]

def stock(videos, folder, size, rounds):
    "A row a kind of store: files, bytes, clips a second"
    kinds = ['ours, frame folders','ours, shrunk videos']
    ways = {name:partial(read_all, *clips_of(name, videos, folder, size), UniformSampler(16)) for name in kinds}
    median = medians(in_turns(ways, rounds, warm_up=True))
    for name in kinds:
        files = [o for o in written(name, folder, size).rglob('*') if o.is_file()]
        yield dict(store=name, size=size or 'full', files=len(files), mb=round(sum(o.stat().st_size for o in files)/1e6, 2),
            clips_per_s=round(len(videos)/median[name], 1))

def stored_planes(frame):
    "The planes that the decoder gives, stretched to a JPEG's range"
    planes = [np.frombuffer(o, np.uint8).reshape(o.height, -1)[:,:o.width] for o in frame.planes[:3]]
    return [full_range(o, high) for o,high in zip(planes, (235,240,240))]

def by_pillow(planes, size):
    "`planes` scaled by Pillow"
    scale = size/min(planes[0].shape)
    height,width = (round(o*scale) for o in planes[0].shape)
    shapes = [(width,height)]+[((width+1)//2,(height+1)//2)]*2
    return [np.asarray(Image.fromarray(o).resize(shape, Image.BILINEAR)) for o,shape in zip(planes, shapes)]

def jpeg_of(image, quality=75):
    "`image` as the tutorial writes it"
    return encode_jpeg(torch.from_numpy(np.array(image).transpose(2,0,1)), quality=quality).numpy().tobytes()

def read_back(jpeg):
    "The planes in a JPEG"
    codec = av.CodecContext.create('mjpeg', 'r')
    return [np.frombuffer(o, np.uint8).reshape(o.height, -1)[:,:o.width] for o in codec.decode(av.Packet(jpeg))[0].planes]

def squared_error(a, b): return ((a.astype(float)-b)**2).mean()

def ssim(a, b):
    "Mean structural similarity in windows of 7 pixels"
    x,y = (torch.from_numpy(o.astype(np.float32))[None,None] for o in (a,b))
    mean = partial(torch.nn.functional.avg_pool2d, kernel_size=7, stride=1)
    mx,my = mean(x),mean(y)
    vx,vy,cov = mean(x*x)-mx*mx,mean(y*y)-my*my,mean(x*y)-mx*my
    c1,c2 = (.01*255)**2,(.03*255)**2
    return float(((2*mx*my+c1)*(2*cov+c2)/((mx*mx+my*my+c1)*(vx+vy+c2))).mean())

def judged(videos, size, quality, every):
    "Bytes, and scores of each plane, of the tutorial's files or of ours at some quality: `quality` is `None` for the tutorial's"
    n_bytes,scores = [],[]
    for video in videos:
        for frame,image in zip(whole_frames(video), images(video, size)):
            if frame.number%every: continue
            planes = stored_planes(frame.frame)
            if quality is None: jpeg,wanted = jpeg_of(image),by_pillow(planes, size) if size else planes
            else: jpeg,wanted = encode_frame(frame, size, quality),jpeg_planes(frame, size) if size else planes
            n_bytes.append(len(jpeg))
            scores.append([[f(a, b) for a,b in zip(read_back(jpeg), wanted)] for f in (squared_error,ssim)])
    errors,similar = np.mean(scores, 0)
    return statistics.mean(n_bytes),np.array([10*np.log10(255**2/errors), similar])

def at_bytes(n_bytes, found):
    "Scores at `n_bytes`, between those that were `found` at some qualities"
    sizes = [o for o,_ in found]
    at = lambda values: np.interp(np.log(n_bytes), np.log(sizes), values)
    return np.array([[at([scores[i,j] for _,scores in found]) for j in range(3)] for i in range(2)])

def quality_rows(videos, size, every, qualities=(70,73,75,77,80)):
    "A row for the tutorial, one for ours at its bytes, and one for each quality of ours"
    n_bytes,theirs = judged(videos, size, None, every)
    found = {q:judged(videos, size, q, every) for q in qualities}
    rows = [('the tutorial',n_bytes,theirs), ('ours, at as many bytes',n_bytes,at_bytes(n_bytes, list(found.values())))]
    rows += [(f'ours, quality {q}',*o) for q,o in found.items()]
    for name,size_of,scores in rows:
        yield dict(size=size or 'full', way=name, bytes=round(size_of), psnr=scores[0].round(2).tolist(), ssim=scores[1].round(4).tolist())

def training_clips(n, tmp, path):
    "Clips of the first training list, spread over it, or clips of the sample"
    data = data_folder(path)
    if data is None: return some_clips(n, tmp, path)
    from common import spread
    listed = {o.split()[0] for o in (data/'ucfTrainTestlist'/'trainlist01.txt').read_text().splitlines()}
    return spread([o for o in some_clips(10**6, tmp, path) if f'{o.parent.name}/{o.name}' in listed], n)

@call_parse
def main(
    n:int=63, # Videos
    n_workers:int=2, # Processes
    rounds:int=3, # Repeats, the ways taking turns; the median counts
    every:int=10, # Quality: one frame of so many
    dest:str=None, # A folder on a disk, to write there as well
    path:str=None, # Folder with `UCF101/`, $ACTION_RECOG_DATA if not given
    only:str='', # Leave out what does not begin so: `speed`, `quality`
    out:str='bench/results/extract.json', # File for the figures
):
    "Compare ways to store the frames of videos"
    torch.set_num_threads(1)
    memory = '/dev/shm' if Path('/dev/shm').exists() else None
    places = {'memory':memory, **({'disk':dest} if dest else {})}
    rows,stores,qualities = [],[],[]
    for place,folder in places.items():
        with TemporaryDirectory(dir=folder) as tmp:
            tmp = Path(tmp)
            videos = training_clips(n, tmp, path)
            print(f'{len(videos)} videos of {clips_name(path)}, {n_workers} workers, in {place}' if place=='memory' else f'\non a disk')
            for size in (None,128)*('speed'.startswith(only)):
                found = speed(videos, tmp, size, n_workers, rounds)
                rows += [dict(place=place, size=size or 'full', **o) for o in found]
                print_table(['way','seconds','times as fast as the tutorial','by processor seconds'],
                    ([f'{o["way"]}, {size or "full size"}',o['seconds'],o['ratio'],o['cpu_ratio']] for o in found))
                stores += [dict(place=place, **o) for o in stock(videos, tmp, size, rounds)]
            if place=='memory' and 'quality'.startswith(only):
                for size in (None,128): qualities += quality_rows(videos[::4], size, every)
    print_table(['store','place','short side','files','MB','clips a second'],
        ([o['store'],o['place'],o['size'],o['files'],o['mb'],o['clips_per_s']] for o in stores))
    print_table(['way','short side','bytes','PSNR of Y, Cb, Cr, dB','SSIM'],
        ([o['way'],o['size'],o['bytes'],*(' / '.join(map(str, o[k])) for k in ('psnr','ssim'))] for o in qualities))
    if not only: save_json(out, dict(n_videos=len(videos), n_workers=n_workers, speed=rows, stores=stores, quality=qualities))
