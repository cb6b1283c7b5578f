"""What pays on real clips: the default recipe with one thing changed

    python bench/heads.py [--models baseline] [--only cell]

Each form of the recipe is trained three times. Each time another third of the groups is held out of training list
1, and the test list has no say. The figures go to bench/results/heads.json as they come. Needs real clips and the
weights of an EfficientNet-Lite0 beside them, and takes hours on a CPU; features of the encoder are stored and used
again."""
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from fastcore.script import call_parse
from common import four,need_data,print_table,save_json
from action_recog.learners.fuse import mix_answers
from action_recog.learners.recipes import get_recipe
from action_recog.learners.training import Run
from action_recog.videos.ucf101 import ucf101_splits
from action_recog.videos.opening import get_videos

rgb = dict(gap=None, stream='rgb')
small = dict(image_size=160)
tuned = dict(**small, frozen_stages=7, epochs=5, min_steps=0)
forms = dict(
    baseline={'as it is':{}, 'frames alone':rgb, 'differences alone':dict(stream='diff'),
        'differences of 4 frames':dict(gap=4), '3x3 cells':dict(pool=3),
        'two layers':dict(linear=False), 'rate of 1e-3':dict(lr=1e-3), '20 epochs':dict(freeze_epochs=20),
        'MixUp of 0.4':dict(mixup=.4), 'no label smoothing':dict(label_smoothing=0.), 'averaged weights':dict(ema=.98), '160 pixels':small,
        '160 pixels, four stages tuned':dict(**tuned, lr_mult=10)},
    lstm={'as it is':{}, 'frames alone':rgb, '3x3 cells':dict(pool=3), '256 values':dict(hidden_size=256),
        'LSTM alone':dict(stats=False)},
    convlstm={'as it is':{}, 'frames alone':rgb, 'mean over time alone':dict(stats=False), 'whole map':dict(pool=None)},
    timesformer={'as it is':{}, 'frames, not their differences':dict(diff=False), 'MixUp of 0.4':dict(mixup=.4)})

def group_number(video):
    "The group of a clip, as in 'g08'; groups of one number are held out together"
    return video.stem.split('_')[-2]

def write_parts(clips, index, folder, n=3):
    "Lists that hold out each of `n` parts of the groups in turn"
    groups = sorted({group_number(o) for o in clips})
    for part in range(n):
        train,test = [],[]
        for o in clips:
            name = f'{o.parent.name}/{o.name}'
            if groups.index(group_number(o))%n==part: test.append(f'{name}\n')
            else: train.append(f'{name} {index[o.parent.name]}\n')
        (folder/f'trainlist0{part+1}.txt').write_text(''.join(train))
        (folder/f'testlist0{part+1}.txt').write_text(''.join(test))

def hold_out(data, folder):
    "The clips of training list 1, linked to in `folder`, with lists that hold out parts of them"
    lists = data/'ucfTrainTestlist'
    videos = get_videos(data/'UCF101')
    clips = [videos[i] for i in ucf101_splits(videos, 1, lists)[0]]
    lines = (lists/'classInd.txt').read_text()
    (folder/'classInd.txt').write_text(lines)
    number,name = lines.split()[::2],lines.split()[1::2]
    write_parts(clips, dict(zip(name, number)), folder)
    for o in clips:
        link = folder/'UCF101'/o.parent.name/o.name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(o.resolve())
    return folder/'UCF101',len(clips)

def changed(recipe, n_views=None, **changes):
    "`recipe` with `changes` of its own values or of its model's"
    own = {k:v for k,v in changes.items() if hasattr(recipe, k)}
    of_model = {k:v for k,v in changes.items() if k not in own}
    if n_views: own['features'] = {**recipe.features, 'n_views':n_views}
    return replace(recipe, **own, model={**recipe.model, **of_model})

def default_recipe(model, data):
    "The default recipe of `model`, with the encoder whose weights are there"
    if model=='timesformer': return get_recipe(model, 'default')
    weights = data/'weights/tf_efficientnet_lite0_timm.pth'
    return get_recipe(model, 'default', arch='tf_efficientnet_lite0', weights=weights)

def ask(model, recipe, videos, part, out, lists):
    "What a learner says of the groups of `part`, which it was not trained with"
    run = Run(videos, model, recipe, out, num_workers=0, fold=part, lists=lists)
    run.make()
    run.train()
    run.score()
    return run.answers

def figures(model, name, answers):
    "The row of one form, from its answers on each part"
    rows = [o.row() for o in answers]
    parts = [100*r['video_accuracy'] for r in rows]
    clips = [r['clips'] for r in rows]
    mean = sum(acc*n for acc,n in zip(parts, clips))/sum(clips)
    return dict(learner=model, change=name, video_accuracy=mean, parts=parts, clips=clips)

def mixed(asked, *names):
    "Answers of the forms `names` on each part, averaged"
    return [mix_answers(list(o), [1/len(names)]*len(names)) for o in zip(*(asked[k] for k in names))]

def measure(model, only, data, *args):
    "A row a form, and one for two streams whose answers are averaged"
    asked = {}
    for name,changes in forms[model].items():
        if only not in name: continue
        recipe = changed(default_recipe(model, data), **changes)
        asked[name] = [ask(model, recipe, args[0], part, *args[1:]) for part in (1,2,3)]
        yield figures(model, name, asked[name])
    streams = 'frames alone','differences alone'
    if asked.keys()>=set(streams): yield figures(model, 'frames alone and differences alone, answers averaged', mixed(asked, *streams))

def measure_all(models, only, data, save, *args):
    "The rows of all models, saved as they come"
    done = []
    for model in models:
        for r in measure(model, only, data, *args):
            done.append(r)
            save_json(save, done)
            yield [model, r['change'], f'{r["video_accuracy"]:.1f} %', ', '.join(f'{o:.1f}' for o in r['parts'])]

@call_parse
def main(
    path:str=None, # Folder with UCF101/, ucfTrainTestlist/ and weights/, $ACTION_RECOG_DATA if not given
    out:str='runs/seven', # Its features/ are used again, and made if they are not there
    models:str=','.join(four), # Learners, with commas between
    only:str='', # Part of the name of a change
    save:str='bench/results/heads.json', # File for the figures
):
    "Train each form of the recipe three times, without the test list"
    data = need_data(path)
    with TemporaryDirectory() as lists:
        videos,n = hold_out(data, Path(lists))
        print(f'{n} clips, three parts held out in turn')
        rows = measure_all(models.split(','), only, data, save, videos, Path(out)/'held_out', lists)
        print_table(['learner', 'change', 'video accuracy', 'of each part'], rows)
