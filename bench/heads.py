"What pays on real clips: the default recipe with one thing changed, on groups held out of training list 1: `python bench/heads.py`"
import json,os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from fastcore.script import call_parse

changes = dict(baseline={'as it is':{}, 'one cell':dict(pool=1), '2x2 cells':dict(pool=2), 'mean over time alone':dict(time_pool='features'),
    'mean of logits, one cell':dict(time_pool='logits', pool=1), 'no augmented views':dict(n_views=1), 'MixUp of 0.4':dict(mixup=.4),
    'label smoothing of 0.1':dict(label_smoothing=.1), '20 epochs':dict(freeze_epochs=20)},
    lstm={'as it is':{}, 'one cell':dict(pool=1), 'LSTM alone':dict(stats=False)},
    convlstm={'as it is':{}, 'mean over time alone':dict(stats=False), 'whole map':dict(pool=None)},
    timesformer={'as it is':{}, 'frames, not their differences':dict(diff=False), 'MixUp of 0.4':dict(mixup=.4)})

def group(video): return video.stem.split('_')[-2]

def hold_out(data, folder, n=3):
    "The clips of training list 1 in `folder`, with lists that hold out each of `n` parts of its groups in turn"
    from action_recog.videos.ucf101 import ucf101_splits
    from action_recog.videos.video import get_videos
    lists,videos = data/'ucfTrainTestlist',sorted(get_videos(data/'UCF101'))
    clips = [videos[i] for i in ucf101_splits(videos, 1, lists)[0]]
    groups = sorted({group(o) for o in clips})
    classes = (lists/'classInd.txt').read_text()
    (folder/'classInd.txt').write_text(classes)
    index = dict(zip(classes.split()[1::2], classes.split()[::2]))
    for part in range(n):
        train,test = [],[]
        for o in clips:
            name = f'{o.parent.name}/{o.name}'
            if groups.index(group(o))%n==part: test.append(f'{name}\n')
            else: train.append(f'{name} {index[o.parent.name]}\n')
        (folder/f'trainlist0{part+1}.txt').write_text(''.join(train))
        (folder/f'testlist0{part+1}.txt').write_text(''.join(test))
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

@call_parse
def main(
    path:str=None, # Folder with UCF101/, ucfTrainTestlist/ and weights/, $ACTION_RECOG_DATA if not given
    out:str='runs/seven', # Its features/ are used again, and made if they are not there
    models:str='baseline,lstm,convlstm,timesformer', # Learners, with commas between
    save:str='bench/results/heads.json', # Where the figures go, each as soon as it is there
):
    "Train each form of the recipe three times, without the test list"
    from action_recog.learners.recipes import get_recipe
    from action_recog.learners.training import train_learner
    data,res = Path(path or os.environ.get('ACTION_RECOG_DATA', '../shared/data')),[]
    encoder = dict(arch='tf_efficientnet_lite0', weights=data/'weights/tf_efficientnet_lite0_timm.pth')
    with TemporaryDirectory() as d:
        videos,n = hold_out(data, Path(d))
        print(f'{n} clips, three parts held out in turn\n\n| learner | change | video accuracy | of each part |\n| --- | --- | --: | --: |')
        for m in models.split(','):
            recipe = get_recipe(m) if m=='timesformer' else get_recipe(m, **encoder)
            for name,change in changes[m].items():
                args = dict(num_workers=0, lists=d, out=Path(out)/'held_out')
                rows = [train_learner(videos, m, changed(recipe, **change), fold=part, **args)[1] for part in (1,2,3)]
                accs,sizes = [100*r['video_accuracy'] for r in rows],[r['clips'] for r in rows]
                mean = sum(acc*size for acc,size in zip(accs, sizes))/sum(sizes)
                res.append(dict(learner=m, change=name, video_accuracy=mean, parts=accs, clips=sizes, devices=rows[0]['devices']))
                Path(save).write_text(json.dumps(res, indent=1))
                print(f'| {m} | {name} | {mean:.1f} % | {", ".join(f"{a:.1f}" for a in accs)} |', flush=True)
