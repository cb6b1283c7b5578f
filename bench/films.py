"""How right timelines are: on films joined from real clips, and on generated films with pauses

    python bench/films.py [--parts real,generated] [--models baseline,convlstm]

Real: the test clips of official split 1 are shuffled and joined into films of 4 to 8 pieces. A learner is trained on
training list 1 by the default recipe. The rule that makes segments is tuned on films of the same kind, whose clips
are a third of the groups of the training list, by a learner that was trained on the other two thirds. Features of the
encoder are stored in `out` and used again. Needs real clips and the weights of an EfficientNet-Lite0 beside them.

Generated: films of 3 to 6 actions with pauses between them, at half to double speed. Groups are held out twice: some
to tune the rule on, some for the score. The frames of the films for training are kept in memory, and a clip is a
window around a moment, as a timeline asks for it. Half of the clips are seen as negatives, and their colours trade
places, because what grows on a light table grows on a dark one, and 84 looks are few. The seconds of the training
stand in the file, by the clock and of the processor; reading the films is part of them.

Beside the tuned rule stand the usual one, and the most likely class of each step by itself."""
import av,random,time
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from fastcore.script import call_parse
from common import device_name,need_data,print_table,save_json
from heads import default_recipe,hold_out

fps = 25

def shuffled_films(clips, seed, most=8):
    "`clips` in a random order, as lists of 4 to 8; a rest of less than 4 is left out"
    rng = random.Random(seed)
    clips = rng.sample(sorted(clips), len(clips))
    films = []
    while len(clips)>=4:
        n = rng.randint(4, min(most, len(clips)))
        films.append(clips[:n])
        clips = clips[n:]
    return films

def join(clips, fn):
    "Write `clips` one after the other as one video, and give its segments"
    from action_recog.videos.opening import open_video
    segments,n = [],0
    with av.open(str(fn), 'w') as container:
        options = dict(qmin='4', qmax='4')
        stream = container.add_stream('mpeg4', rate=fps, width=320, height=240, pix_fmt='yuv420p', options=options)
        for clip in clips:
            start = n
            with open_video(clip) as (source,frames):
                for frame in source.decode(frames):
                    frame = frame.reformat(320, 240, 'yuv420p')
                    frame.pts,frame.time_base = n,Fraction(1, fps)
                    container.mux(stream.encode(frame))
                    n += 1
            segments.append((start/fps, n/fps, clip.parent.name))
        container.mux(stream.encode())
    return segments

def write_real(clips, folder, seed):
    "Films of `clips` in `folder`, and the segments of each"
    folder.mkdir(parents=True)
    films = {folder/f'film{i:02d}.mp4':o for i,o in enumerate(shuffled_films(clips, seed))}
    return list(films),[join(o, fn) for fn,o in films.items()]

def answers(learn, films, window=None):
    "What `learn` says about each step of `films`"
    from action_recog.answers.predict import predict_video
    with learn.no_bar(): return [predict_video(learn, o, n_clips=1, window=window, timeline=True) for o in films]

def pick_rule(learn, films, truth, windows):
    "The best window and rule for `films`, and the scores of each window's best rule"
    from action_recog.answers.decide import TimelineRule,rule_score,score_rule,tune_timeline
    found = {}
    for window in windows:
        preds = answers(learn, films, window)
        rule = tune_timeline(preds, truth, rule=TimelineRule(window))
        found[rule] = score_rule(rule, preds, truth)
    return max(found, key=lambda o: rule_score(found[o])),found

def measured(preds, truth, **rules):
    "Scores of each of `rules`"
    from action_recog.answers.decide import score_rule
    return {name:score_rule(o, preds, truth) for name,o in rules.items()}

def each_step(window):
    "The rule that takes the most likely class of each step"
    from action_recog.answers.decide import TimelineRule
    return TimelineRule(window, cost=0, least=0)

def row(kind, model, rule, tuning, scores, films, truth, **more):
    "The figures of one learner"
    tuning = [dict(rule=asdict(o), scores=s) for o,s in tuning.items()]
    return dict(films=kind, learner=model, n_films=len(films), n_segments=sum(map(len, truth)), rule=asdict(rule),
        scores=scores, tuning=tuning, device=device_name(), **more)

def held_out_rule(data, model, recipe, windows, out, tmp):
    "The best rule for films of clips that are held out of training list 1"
    from action_recog.learners.training import train_learner
    lists = tmp/'lists'
    if not lists.exists():
        lists.mkdir()
        hold_out(data, lists)
    learn,_ = train_learner(lists/'UCF101', model, recipe, fold=1, num_workers=0, lists=lists, out=out/'held_out')
    films,truth = write_real([o.resolve() for o in learn.dls.valid_ds.items], tmp/f'{model}-tune', 0)
    return pick_rule(learn, films, truth, windows)

def real(data, model, windows, out, tmp, learner=None):
    "Figures of one model on films of real clips, without and with a tuned rule"
    from action_recog.answers.decide import TimelineRule
    from action_recog.answers.export import open_learner
    from action_recog.learners.training import train_learner
    from action_recog.videos.ucf101 import ucf101_splits
    from action_recog.videos.opening import get_videos
    recipe,official = default_recipe(model, data),data/'ucfTrainTestlist'
    if learner: learn = open_learner(learner)
    else: learn,_ = train_learner(data/'UCF101', model, recipe, fold=1, num_workers=0, lists=official, out=out/'list1')
    videos = get_videos(data/'UCF101')
    test = [videos[i] for i in ucf101_splits(videos, 1, official)[1]]
    films,truth = write_real(test, tmp/f'{model}-test', 0)
    usual = TimelineRule()
    preds = answers(learn, films, usual.window)
    scores = measured(preds, truth, usual=usual, each_step=each_step(usual.window))
    yield row('real', model, usual, {}, scores, films, truth)
    rule,tuning = held_out_rule(data, model, recipe, windows, out, tmp)
    if rule.window!=usual.window: preds = answers(learn, films, rule.window)
    scores = measured(preds, truth, tuned=rule)|scores
    yield row('real', model, rule, tuning, scores, films, truth)

class Moments:
    "Windows around moments of films, as a timeline asks for them, and what happens at these moments"
    def __init__(self, films, truth, dls, window, n, share=.4):
        "`n` windows an epoch, `share` of them of moments in which nothing happens"
        from action_recog.answers.predict import spread_windows
        from action_recog.clips.data import clip_reader
        reader = clip_reader(dls.valid)
        self.n,self.share = n,share
        self.frames = [all_frames(o, dls.valid, reader.size) for o in films]
        self.windows = [spread_windows(reader.sampler, len(o), round(window*fps), 1)[1] for o in self.frames]
        self.actions,self.pauses = [],[]
        nothing = dls.vocab.o2i['background']
        for i,segments in enumerate(truth):
            at = 0
            for start,end,label,*_ in [*segments,(len(self.frames[i])/fps,0,None)]:
                first,last = round(start*fps),round(end*fps)
                if first>at: self.pauses.append((i, range(at, first), nothing))
                if label: self.actions.append((i, range(first, last), dls.vocab.o2i[label]))
                at = last

    def __len__(self): return self.n
    def __getitem__(self, _):
        "A piece and a moment in it, at random, in other colours"
        import numpy as np,torch
        film,moments,label = random.choice(self.pauses if random.random()<self.share else self.actions)
        clip = self.frames[film][self.windows[film][random.choice(moments)]].float()[:,torch.randperm(3)]
        if random.random()<.5: clip = 255-clip
        gain,shift = np.random.uniform(.7, 1.3, 3),np.random.uniform(-20, 20, 3)
        clip = clip*torch.tensor(gain[:,None,None]).float()+torch.tensor(shift[:,None,None]).float()
        return clip.clamp(0, 255).byte(),label

def all_frames(film, dl, size):
    "The frames of a film as the learner gets them, `(n, 3, h, w)`"
    import torch
    from action_recog.core import TensorClip
    from action_recog.videos.video import read_clip
    frames = read_clip(film, lambda n: list(range(n)), size)
    parts = [dl.after_item((TensorClip(frames[i:i+100]),))[0] for i in range(0, len(frames), 100)]
    return torch.cat([torch.as_tensor(o).as_subclass(torch.Tensor) for o in parts])

def moment_loaders(dls, train, valid, bs):
    "Loaders of `Moments`, whose batches are prepared as those of `dls`"
    from fastai.vision.all import DataLoader,DataLoaders
    from action_recog.core import TensorClip
    prepare = dls.valid.after_batch
    prepare.split_idx = 1
    after_batch = lambda b: (prepare((TensorClip(b[0]),))[0],b[1])
    return DataLoaders(*[DataLoader(o, bs=bs, num_workers=0, after_batch=after_batch) for o in (train,valid)])

def generated(epochs, out, window=1.2):
    "Figures of a ConvLSTM on generated films"
    import numpy as np,pandas as pd
    from fastai.vision.all import set_seed
    from action_recog.answers.decide import TimelineRule
    from action_recog.answers.measure import true_segments
    from action_recog.clips.data import ActionDataLoaders
    from action_recog.clips.sampling import DenseSampler
    from action_recog.clips.segments import from_segments
    from action_recog.learners.learner import convlstm_learner
    from action_recog.videos.films import write_films
    def films_of(path, keep=lambda group: True):
        truth = true_segments(pd.read_csv(path/'labels.csv'))
        truth = {k:o for k,o in truth.items() if keep(int(k.split('_')[1][1:]))}
        return [path/o for o in truth],list(truth.values())
    path = write_films(out/'looks', n_groups=99, n_clips=1, first_group=101)
    test = write_films(out/'test', n_groups=6, first_group=41)
    table = pd.read_csv(path/'labels.csv')
    table['split'] = np.where(table.group>'g184', 'valid', 'train')
    set_seed(0)
    start,cpu = time.perf_counter(),time.process_time()
    dls = ActionDataLoaders.from_segments(table, path, background='background', sampler=DenseSampler(4, 5, gap=12), seq_len=4,
        image_size=64, bs=16, num_workers=0)
    learn = convlstm_learner(dls, 'small_cnn', pretrained=False, ps=.2, hidden_size=32, stream='both')
    train = Moments(*films_of(path, lambda group: group<=184), dls, window, 800)
    tune = films_of(path, lambda group: group>184)
    learn.dls = moment_loaders(dls, train, Moments(*tune, dls, window, 80), 16)
    with learn.no_bar(): learn.fit_one_cycle(epochs, 6e-3)
    seconds,cpu = time.perf_counter()-start,time.process_time()-cpu
    learn.dls = dls
    learn.export(out/'generated.pkl')
    rule,tuning = pick_rule(learn, *tune, [window])
    films,truth = films_of(test)
    preds = answers(learn, films, window)
    scores = measured(preds, truth, tuned=rule, usual=TimelineRule(window), each_step=each_step(window))
    return row('generated', 'convlstm', rule, tuning, scores, films, truth,
        training_seconds=seconds, training_cpu_seconds=cpu, epochs=epochs)

columns = 'frame_accuracy','edit','f1@10','f1@25','f1@50','map@0.5'

def lines(r):
    "Rows of the table"
    for name,s in r['scores'].items():
        yield [r['films'], r['learner'], name.replace('_', ' ')]+[f'{s[k]:.3f}' for k in columns]

@call_parse
def main(
    path:str=None, # Folder with UCF101/, ucfTrainTestlist/ and weights/, $ACTION_RECOG_DATA if not given
    parts:str='real,generated', # Which films, with a comma between
    models:str='baseline,convlstm', # Learners for the real ones, with commas between
    learner:str=None, # Finished learner of training list 1, for the real films; trained if not given
    windows:str='2,3,4', # Seconds of a window to try, with commas between
    epochs:int=60, # Of the training on generated films, 800 windows each
    out:str='runs/films', # Features are stored there, and used again
    save:str='bench/results/films.json', # File for the figures
):
    "Measure timelines on films whose truth is known"
    windows = [float(o) for o in windows.split(',')]
    done = {}
    def save_row(r):
        done[f'{r["films"]}, {r["learner"]}'] = r
        save_json(save, list(done.values()))
    with TemporaryDirectory() as tmp:
        for model in models.split(',') if 'real' in parts else ():
            for r in real(need_data(path), model, windows, Path(out), Path(tmp), learner): save_row(r)
        if 'generated' in parts: save_row(generated(epochs, Path(out)))
    print_table(['films', 'learner', 'rule', *columns], [line for r in done.values() for line in lines(r)])
    for name,r in done.items(): print(f'{name}: {r["rule"]}')
