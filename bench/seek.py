"""What a few frames of a long video cost, beside decord and torchcodec

    python bench/seek.py [--minutes 1,10,60] [--rounds 3] [--out bench/results/seek.json]
    python bench/seek.py --predict-minutes 60

Eight frames are taken from all over a video and scaled to 112 pixels: by `read_clip` with nothing known of the file,
by decoding from the start, by decord2 and by torchcodec, in turns. Long videos repeat a short film of one distance
between key frames, so that the right frames are known. "All decoded" is `read_clip` with the
B-frames that nobody wants. Decoding from the start is left out where it takes minutes.
Seconds are by the clock, and in brackets of CPU time, all threads together, which a busy machine does not change as much.
torchcodec needs FFmpeg's libraries (`apt-get install ffmpeg`). With `--predict-minutes`, a film of that many minutes is answered
by `predict_video` instead: times real time, and peak memory."""
import av,resource,tempfile,time,warnings
import numpy as np
import torch
from fractions import Fraction
from functools import partial
from pathlib import Path
from unittest.mock import patch
from fastcore.script import call_parse
from common import data_folder,device_name,in_turns,print_row,save_json,spread
from action_recog.clips.sampling import UniformSampler
from action_recog.videos import seek
from action_recog.videos.files import read_json
from action_recog.videos.opening import get_videos,open_video,probe
from action_recog.videos.video import iter_frames,read_clip

warnings.filterwarnings('ignore')
sampler = UniformSampler(8)

def both_clocks(): return np.array([time.perf_counter(),time.process_time()])

def timed(ways, rounds):
    "Median seconds by the clock and of CPU time of each way"
    seconds = in_turns(ways, rounds, both_clocks)
    return {name:np.median(own, 0).tolist() for name,own in seconds.items()}

def encode(fn, n, height, width, codec, **options):
    "A film of `n` frames at 30 a second with one key frame"
    with av.open(str(fn), 'w') as container:
        stream = container.add_stream(codec, rate=30, width=width, height=height, pix_fmt='yuv420p', options=options)
        rng = np.random.RandomState(0)
        ground = rng.randint(0, 255, (height//40,width//40,3)).astype(np.uint8).repeat(40, 0).repeat(40, 1)
        for i in range(n):
            image = np.roll(ground, 7*i, 1)
            image[:height//8] = rng.randint(0, 255, (1,width,3))
            frame = av.VideoFrame.from_ndarray(image).reformat(format='yuv420p')
            frame.pts,frame.time_base = i,Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return fn

def repeat(source, fn, times):
    "The packets of film `source` again and again"
    with av.open(str(source)) as film, av.open(str(fn), 'w') as out:
        stream = out.add_stream_from_template(film.streams.video[0])
        packets = [(bytes(o), o.pts, o.dts, o.is_keyframe, o.time_base) for o in film.demux(video=0) if o.size]
        for i in range(times):
            for data,pts,dts,is_key,time_base in packets:
                shift = round(i*len(packets)/30/time_base)
                packet = av.Packet(data)
                packet.pts,packet.dts,packet.time_base = pts+shift,dts+shift,time_base
                packet.is_keyframe,packet.stream = is_key,stream
                out.mux(packet)
    return fn

def ours(video):
    seek._tables.clear()
    return read_clip(video, sampler, 112)

def all_decoded(video):
    "`ours`, with the B-frames that nobody wants"
    with patch.object(seek, '_wanted_times', return_value=None): return ours(video)

def from_start(video, numbers):
    "The frames `numbers` of `video` by decoding all up to the last"
    with open_video(video) as (container,stream):
        frames = (o for o in iter_frames(container, stream) if o.number in numbers)
        return torch.from_numpy(np.stack([next(frames).pixels(112) for _ in numbers]))

def by_decord(video, numbers, height, width):
    import decord
    return decord.VideoReader(str(video), width=width, height=height).get_batch(numbers)

def by_torchcodec(video, numbers, height, width, mode):
    from torchcodec.decoders import VideoDecoder
    from torchcodec.transforms import Resize
    return VideoDecoder(str(video), seek_mode=mode, num_ffmpeg_threads=0, transforms=[Resize((height,width))]).get_frames_at(numbers)

def peers(video, numbers, height, width):
    "Functions that read the same frames with other packages, by name"
    args = video,numbers,height,width
    ways = {'decord2':partial(by_decord, *args), 'torchcodec':partial(by_torchcodec, *args, mode='approximate'),
        'torchcodec, exact':partial(by_torchcodec, *args, mode='exact')}
    working = {}
    for name,way in ways.items():
        try: way()
        except Exception as e: print(f'{name} left out: {str(e).strip().splitlines()[0][:150]}')
        else: working[name] = way
    return working

def repeated(source, numbers):
    "The frames `numbers` of a film that repeats `source`"
    n = probe(source).n_frames
    places = [i%n for i in numbers]
    clip = from_start(source, sorted(set(places)))
    return clip[[sorted(set(places)).index(i) for i in places]]

def measure(name, video, source, rounds):
    "A row of the figures"
    info = probe(video)
    numbers = [int(i) for i in sampler(info.n_frames)]
    clip = ours(video)
    height,width = clip.shape[-2:]
    ways = {'ours':partial(ours, video), 'all decoded':partial(all_decoded, video)} | peers(video, numbers, height, width)
    if info.n_frames<2000: ways['before'] = partial(from_start, video, numbers)
    seconds = timed(ways, rounds)
    if 2000<=info.n_frames<20_000: seconds |= timed(dict(before=partial(from_start, video, numbers)), 1)
    truth = repeated(source, numbers) if source else from_start(video, numbers)
    row = dict(video=name, frames=info.n_frames, equal=bool((clip==truth).all()),
        seconds={k:o[0] for k,o in seconds.items()}, cpu_seconds={k:o[1] for k,o in seconds.items()})
    for key in ('seconds','cpu_seconds'):
        own = row[key]
        peers_own = [o for k,o in own.items() if k not in ('ours','all decoded','before')]
        if 'before' in own: row[f'times_as_fast_{key}'] = own['before']/own['ours']
        if peers_own: row[f'to_fastest_peer_{key}'] = own['ours']/min(peers_own)
    columns = ['before','all decoded','ours','decord2','torchcodec','torchcodec, exact']
    shown = [f'{row["seconds"][o]:.3f} ({row["cpu_seconds"][o]:.3f})' if o in seconds else '' for o in columns]
    ratios = [f'{row[o+"_seconds"]:.2f} ({row[o+"_cpu_seconds"]:.2f})' if o+'_seconds' in row else ''
        for o in ('times_as_fast','to_fastest_peer')]
    print_row([name, *shown, *ratios, 'yes' if row['equal'] else 'NO'])
    return row

def films(tmp, minutes, path):
    "Name, file, and film that it repeats"
    for gap in (250,30):
        options = dict(preset='ultrafast', crf='28', g=str(gap), bf='0', sc_threshold='0')
        source = encode(tmp/f'every{gap}.mp4', gap, 720, 1280, 'libx264', **options)
        for m in (1/6,*minutes):
            video = repeat(source, tmp/f'{gap}_{m:.2f}.mp4', max(round(m*1800/gap), 1))
            yield f'720p H.264, {m:g} min, key frame every {gap}' if m>=1 else f'720p H.264, 10 s, key frame every {gap}',video,source
            video.unlink()
    source = encode(tmp/'b_frames.mp4', 250, 720, 1280, 'libx264', preset='fast', g='250', bf='3', b_strategy='0', sc_threshold='0')
    yield '720p H.264 with B-frames, 1 min, key frame every 250',repeat(source, tmp/'1min.mp4', 7),source
    data = data_folder(path)
    if data: yield 'UCF101, 320x240',spread(get_videos(data/'UCF101'), 1)[0],None
    options = {'preset':'ultrafast', 'x265-params':'log-level=none:keyint=48:min-keyint=48:scenecut=0:bframes=0'}
    source = encode(tmp/'hevc.mp4', 48, 2160, 3840, 'libx265', **options)
    yield '4K HEVC, 8 s, key frame every 48',repeat(source, tmp/'4k.mp4', 5),source

def predict(minutes, tmp):
    "How long `predict_video` takes for a film of so many `minutes` of 720p, and the memory of this process"
    from action_recog.answers.predict import predict_video
    from action_recog.clips.data import ActionDataLoaders
    from action_recog.learners.learner import baseline_learner
    from action_recog.videos.sample import write_sample
    sample = write_sample(tmp/'sample', n_groups=4, n_clips=1)/'UCF-101'
    dls = ActionDataLoaders.from_ucf101(sample, image_size=112, seq_len=8, bs=8, num_workers=0)
    learn = baseline_learner(dls, pretrained=False)
    source = encode(tmp/'every250.mp4', 250, 720, 1280, 'libx264', preset='ultrafast', crf='28', g='250', bf='0')
    video = repeat(source, tmp/'film.mp4', round(minutes*1800/250))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024
    start,worked = time.perf_counter(),time.process_time()
    with learn.no_bar(): res = predict_video(learn, video)
    took,worked = time.perf_counter()-start,time.process_time()-worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024
    row = dict(minutes=minutes, seconds=took, cpu_seconds=worked, times_real_time=res.seconds/took, megabytes_before=before,
        megabytes_peak=peak, steps=len(res.times))
    print(f'{minutes:g} min of 720p: {took:.0f} s ({worked:.0f} s of CPU), {row["times_real_time"]:.1f} times real time, '
        f'peak {peak:.0f} MB, {before:.0f} MB of it before; {len(res.times)} steps of the timeline')
    return row

@call_parse
def main(
    minutes:str='1,10,60', # Lengths of the long films, with commas between
    rounds:int=3, # Timed rounds, the ways taking turns
    predict_minutes:float=None, # Answer a film of this length instead
    path:str=None, # Folder with `UCF101/`, $ACTION_RECOG_DATA if not given
    out:str='bench/results/seek.json', # File for the figures
):
    "Time eight frames of long videos"
    old = read_json(out)
    with tempfile.TemporaryDirectory() as tmp:
        if predict_minutes:
            others = [o for o in old.get('predict', []) if o['minutes']!=predict_minutes]
            figures = dict(predict=sorted([*others, predict(predict_minutes, Path(tmp))], key=lambda o: o['minutes']))
        else:
            print(device_name())
            print_row(['video','before','all decoded','ours','decord2','torchcodec','torchcodec, exact','times as fast','to the fastest peer','equal'])
            lengths = [float(o) for o in minutes.split(',')]
            figures = dict(rows=[measure(*film, rounds) for film in films(Path(tmp), lengths, path)])
    save_json(out, old|figures|dict(hardware=device_name(), torch=torch.__version__, av=av.__version__))
