"""How long an answer for a video takes, where the time goes, what the same clips cost one by one, and a folder of clips

    python bench/predict.py [--models baseline] [--seconds 30] [--folder sample] [--out bench/results/predict.json]

The video has 320x240 pixels at 25 frames a second: real clips joined where there are some, else the sample's. The
four learners come as their default recipe makes them, untrained, which takes the same time. The peer is a
`learn.predict` for each clip. Both ways run in turn, and the least of `rounds` counts. What is counted is CPU time,
in one thread: on an idle machine that is what the clock says, and on a busy one it is not. Learners that are not
measured keep their rows in the JSON file.

A folder of short clips is answered by the small learner of the package and by a ResNet-50: by `predict_videos`, and
one video after the other, where each is read, then asked about in batches of its own, with PyTorch's threads on all
cores. Here the clock counts, and how many cores were busy; the ways take turns, after a round that does not count."""
import av,tempfile,time,warnings
import torch
from fractions import Fraction
from functools import partial
from pathlib import Path
from fastcore.script import call_parse
from common import clips_name,device_name,four,in_turns,medians,save_json,some_clips,times_as_fast
from fastcore.basics import num_cpus
from action_recog.answers.batches import ask_clips,frame_batches
from action_recog.answers.export import open_learner
from action_recog.answers.plan import plan_video
from action_recog.answers.predict import predict_video,predict_videos
from action_recog.clips.data import ActionDataLoaders,clip_reader
from action_recog.learners.recipes import get_recipe,learner_meta
from action_recog.videos.files import read_json
from action_recog.videos.sample import write_sample
from action_recog.videos.opening import open_video
from action_recog.videos.video import open_frames,read_clip

warnings.filterwarnings('ignore')
fps = 25

def frames_of(clips):
    "Number of a clip and frame, the clips one after the other without end"
    n = 0
    while True:
        with open_video(clips[n%len(clips)]) as (container,stream):
            for frame in container.decode(stream): yield n,frame
        n += 1

def join(clips, fn, n):
    "The first `n` frames of `clips`, one after the other, as one video; the number of clips used"
    with av.open(str(fn), 'w') as container:
        options = dict(qmin='4', qmax='4')
        stream = container.add_stream('mpeg4', rate=fps, width=320, height=240, pix_fmt='yuv420p', options=options)
        n_used = 0
        for i,(number,frame) in zip(range(n), frames_of(clips)):
            n_used = number+1
            frame = frame.reformat(320, 240, 'yuv420p')
            frame.pts = i
            frame.time_base = Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return n_used

def one_by_one(learn, video, clips, size):
    "Each of `clips`, lists of frame numbers, read and given to `learn.predict` by itself"
    with learn.no_bar():
        for o in clips: learn.predict(read_clip(video, o, size))

def decode(video):
    with open_video(video) as (container,stream):
        for _ in container.decode(stream): pass

def read(video, clips, size):
    "Decode and resize the frames of `clips`"
    wanted = {i for clip in clips for i in clip}
    with open_frames(video) as frames:
        for _ in frame_batches(frames, wanted, size): pass

def least(ways, rounds):
    "Least CPU seconds of each way"
    seconds = in_turns(ways, rounds, time.process_time)
    return {name:min(o) for name,o in seconds.items()}

def measure(learn, video, clips, timeline, rounds):
    "Where the seconds of an answer go"
    size = clip_reader(learn.dls.valid).size
    whole = least(dict(ours=partial(predict_video, learn, video, timeline=timeline),
        peer=partial(one_by_one, learn, video, clips, size)), rounds)
    parts = least(dict(decode=partial(decode, video), read=partial(read, video, clips, size)), 3)
    return dict(clips=len(clips), seconds=whole['ours'], decode=parts['decode'], resize=parts['read']-parts['decode'],
        model=whole['ours']-parts['read'], one_by_one=whole['peer'], times_faster=whole['peer']/whole['ours'])

def make_learner(model, sample):
    "As the default recipe makes it, but nothing is downloaded"
    recipe = get_recipe(model, 'default')
    shape = dict(image_size=recipe.image_size, seq_len=recipe.seq_len, bs=recipe.bs)
    dls = ActionDataLoaders.from_ucf101(sample, num_workers=0, **shape)
    plain = {} if model=='timesformer' else dict(pretrained=False)
    return learner_meta[model]['learner'](dls, **recipe.model, **plain)

def measure_learner(model, sample, video, secs, rounds):
    "A row of the figures"
    learn = make_learner(model, sample)
    plan = plan_video(clip_reader(learn.dls.valid).sampler, round(secs*fps), fps, timeline=True)
    row = dict(learner=model, parameters=sum(p.numel() for p in learn.model.parameters()))
    questions = {'ranking':plan.clips, 'ranking and timeline':plan.clips+plan.windows}
    for what,clips in questions.items():
        r = measure(learn, video, clips, what!='ranking', rounds)
        r['real_time_factor'] = r['seconds']/secs
        row[what] = r
        print(f'{model:<12} {what:<22} {r["seconds"]:6.2f} s, {r["real_time_factor"]:.3f} of real time: '
            f'decode {r["decode"]:.2f}, resize {r["resize"]:.2f}, model {r["model"]:.2f}; '
            f'{r["clips"]} clips one by one {r["one_by_one"]:.2f} s, {r["times_faster"]:.1f} times', flush=True)
    return row

def one_after_the_other(learn, videos):
    "Each video read, then asked about, and only then the next"
    reader = clip_reader(learn.dls.valid)
    for o in videos:
        with open_frames(o) as frames:
            plan = plan_video(reader.sampler, frames.n_frames, frames.fps)
            ask_clips(learn, frames, plan.clips+plan.windows)

def cores_busy(way):
    "Processor seconds of a call for each second of the clock"
    start,cpu = time.perf_counter(),time.process_time()
    way()
    return (time.process_time()-cpu)/(time.perf_counter()-start)

def measure_folder(name, learn, videos, rounds):
    "A row for a folder of short clips"
    torch.set_num_threads(num_cpus())
    for o in learn.cbs.filter(lambda o: o.name=='progress'): learn.remove_cb(o)
    ways = {'predict_videos':partial(predict_videos, learn, videos), 'one after the other':partial(one_after_the_other, learn, videos)}
    seconds = in_turns(ways, rounds, warm_up=True)
    busy = {k:cores_busy(way) for k,way in ways.items()}
    row = dict(learner=name, clips=len(videos), seconds=medians(seconds), busy=busy,
        times_faster=times_as_fast(seconds, 'one after the other')['predict_videos'])
    print(f'{name:<12} {len(videos)} short clips: {row["seconds"]["predict_videos"]:.2f} s with {busy["predict_videos"]:.2f} of {num_cpus()} cores busy, '
        f'one after the other {row["seconds"]["one after the other"]:.2f} s with {busy["one after the other"]:.2f}: {row["times_faster"]:.2f} times', flush=True)
    return row

@call_parse
def main(
    seconds:float=30., # Length of the video
    rounds:int=2, # Runs of each way; the least counts
    models:str=','.join(four), # Learners for the video, with commas between
    folder:str='sample,resnet50', # Learners for the folder, with commas between
    n_clips:int=100, # Clips of the folder; a tenth of them for `resnet50`
    path:str=None, # Folder with `UCF101/`, $ACTION_RECOG_DATA if not given
    out:str='bench/results/predict.json', # File for the figures
):
    "Time `predict_video` for each learner"
    torch.set_num_threads(1)
    models,folder = ([o for o in names.split(',') if o] for names in (models,folder))
    with tempfile.TemporaryDirectory() as tmp:
        tmp = Path(tmp)
        sample = write_sample(tmp/'small', n_groups=4, n_clips=1)/'UCF-101'
        video = tmp/'video.avi'
        n = join(some_clips(14, tmp, path), video, round(fps*seconds))
        what = f'{n} clips of {clips_name(path)} joined to {seconds:.0f} s of 320x240 at {fps} frames/s, MPEG-4'
        hardware = device_name()
        print(f'{what}; {hardware}')
        rows = [measure_learner(o, sample, video, seconds, rounds) for o in models]
        clips = some_clips(n_clips, tmp, path)
        learns = {'sample':lambda: (open_learner('sample'), clips), 'resnet50':lambda: (make_learner('baseline', sample), clips[::10])}
        together = [measure_folder(o, *learns[o](), rounds) for o in folder]
    before = read_json(out)
    kept = [o for o in before.get('rows', []) if o['learner'] not in models]
    kept_folders = [o for o in before.get('folder', []) if o['learner'] not in folder]
    head = {k:before[k] for k in ('hardware','torch','video') if k in before and not rows}
    head = head or dict(hardware=hardware, torch=torch.__version__, video=what)
    save_json(out, dict(head, rows=kept+rows, folder=kept_folders+together))
