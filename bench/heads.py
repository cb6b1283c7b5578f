"What pays on real clips: the default recipe with one thing changed, on groups held out of training list 1: `python bench/heads.py`"
import json,os
from pathlib import Path
from tempfile import TemporaryDirectory
from fastcore.script import call_parse

changes = dict(baseline={'as it is':{}, 'one cell':dict(pool=1), '2x2 cells':dict(pool=2), 'mean over time alone':dict(time_pool='features'),
    'mean of logits, one cell':dict(time_pool='logits', pool=1), 'no augmented views':dict(n_views=1), 'MixUp of 0.4':dict(mixup=.4),
    'label smoothing of 0.1':dict(label_smoothing=.1), '20 epochs':dict(freeze_epochs=20)},
    lstm={'as it is':{}, 'one cell':dict(pool=1), 'LSTM alone':dict(stats=False)},
    convlstm={'as it is':{}, 'mean over time alone':dict(stats=False), 'whole map':dict(pool=None)},
    timesformer={'as it is':{}, 'frames, not their differences':dict(diff=False), 'MixUp of 0.4':dict(mixup=.4)})

def hold_out(data, folder, n=3):
    "The clips of training list 1 in `folder`, with lists that hold out each of `n` parts of its groups in turn"
    from action_recog.videos.ucf101 import ucf101_splits
    from action_recog.videos.video import get_videos
    lists,videos = data/'ucfTrainTestlist',sorted(get_videos(data/'UCF101'))
    train = [videos[i] for i in ucf101_splits(videos, 1, lists)[0]]
    index = {c:i for i,c in (o.split() for o in (lists/'classInd.txt').read_text().splitlines() if o)}
    groups = sorted({o.stem.split('_')[-2] for o in train})
    (folder/'classInd.txt').write_text((lists/'classInd.txt').read_text())
    for f in range(n):
        parts = dict(train=[], test=[])
        for o in train: parts['test' if groups.index(o.stem.split('_')[-2])%n==f else 'train'].append(f'{o.parent.name}/{o.name}')
        (folder/f'trainlist0{f+1}.txt').write_text(''.join(f'{o} {index[Path(o).parent.name]}\n' for o in parts['train']))
        (folder/f'testlist0{f+1}.txt').write_text(''.join(f'{o}\n' for o in parts['test']))
    for o in train:
        (folder/'UCF101'/o.parent.name).mkdir(parents=True, exist_ok=True)
        (folder/'UCF101'/o.parent.name/o.name).symlink_to(o.resolve())
    return folder/'UCF101',len(train)

def changed(recipe, change):
    "`recipe` with the values of `change` wherever they belong"
    own = {k:change[k] for k in change.keys() & {'pool','time_pool','stats','diff'}}
    res = {**recipe, **{k:v for k,v in change.items() if k not in own and k!='n_views'}, 'model':{**recipe['model'], **own}}
    if 'n_views' in change: res['features'] = {**recipe['features'], 'n_views':change['n_views']}
    return res

@call_parse
def main(
    path:str=None, # Folder with UCF101/, ucfTrainTestlist/ and weights/, $ACTION_RECOG_DATA if not given
    out:str='runs/seven', # Its features/ are used again, and made if they are not there
    models:str='baseline,lstm,convlstm,timesformer', # Learners, with commas between
    save:str='bench/results/heads.json', # Where the figures go, each as soon as it is there
):
    "Train each form of the recipe three times, without the test list"
    from action_recog.learners.training import get_recipe,train_learner
    data,res = Path(path or os.environ.get('ACTION_RECOG_DATA', '../shared/data')),[]
    weights = data/'weights/tf_efficientnet_lite0_timm.pth'
    with TemporaryDirectory() as d:
        videos,n = hold_out(data, Path(d))
        print(f'{n} clips, three parts held out in turn\n\n| learner | change | video accuracy | of each part |\n| --- | --- | --: | --: |')
        for m in models.split(','):
            recipe = get_recipe(m, **({} if m=='timesformer' else dict(arch='tf_efficientnet_lite0', weights=weights)))
            for name,change in changes[m].items():
                rows = [train_learner(videos, m, changed(recipe, change), num_workers=0, fold=f, lists=d, out=Path(out)/'held_out')[1] for f in (1,2,3)]
                accs,sizes = [100*r['video_accuracy'] for r in rows],[r['clips'] for r in rows]
                mean = sum(a*k for a,k in zip(accs, sizes))/sum(sizes)
                res.append(dict(learner=m, change=name, video_accuracy=mean, parts=accs, clips=sizes, device=rows[0]['device']))
                Path(save).write_text(json.dumps(res, indent=1))
                print(f'| {m} | {name} | {mean:.1f} % | {", ".join(f"{a:.1f}" for a in accs)} |', flush=True)
