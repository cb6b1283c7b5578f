"""Groups found by their pictures, beside the groups that are known, and what they are for

    python bench/groups.py [--out runs/groups]

Seven classes of real clips get names that say nothing. `find_groups` clusters them by the colours of three frames,
and by the features of an ImageNet encoder. Precision and recall are of pairs of clips of one class: are both in one
group? The limits of `find_groups` were chosen on groups 8 to 25, which are the training list of split 1, so groups 1
to 7 have a line of their own. Then logistic regression on the same features is scored by five folds that are made of
clips, of found groups and of known groups. Figures go to bench/results/groups.json. Needs real clips and the weights
of an EfficientNet-Lite0 beside them; the features are stored once."""
import random,re,time
from pathlib import Path
import numpy as np,pandas as pd
from fastcore.script import call_parse
from common import need,need_data,print_table,save_json
from action_recog.answers.embed import embed
from action_recog.answers.suspects import group_folds,out_of_fold
from action_recog.clips.data import ActionDataLoaders,get_instances
from action_recog.clips.groups import find_groups
from action_recog.learners.learner import baseline_learner
from action_recog.videos.ucf101 import clip_group,ucf101_splits

def hide_names(clips, folder, seed=0):
    "Links to `clips` in class folders below `folder` with numbers as names; the clip of each link"
    numbers = random.Random(seed).sample(range(10*len(clips)), len(clips))
    links = {folder/o.parent.name/f'{n:05}{o.suffix}':o for n,o in zip(numbers, clips)}
    for link,clip in links.items():
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink(): link.symlink_to(clip.resolve())
    return links

def pair_scores(found, known, labels, some):
    "Precision and recall of pairs of one class, among `some` of the clips"
    found,known,labels = (np.array(o)[some] for o in (found,known,labels))
    is_pair = np.triu(labels[:,None]==labels, 1)
    a,b = (found[:,None]==found)&is_pair,(known[:,None]==known)&is_pair
    return (a&b).sum()/max(a.sum(), 1),(a&b).sum()/b.sum()

def features(links, data, fn, size):
    "A vector of an ImageNet encoder for each link, stored in `fn`"
    if fn.exists(): return pd.read_csv(fn, index_col='file', dtype=dict(file=str))
    dls = ActionDataLoaders.from_files(list(links.values()), image_size=size, seq_len=8, bs=8, num_workers=0)
    learn = baseline_learner(dls, arch='tf_efficientnet_lite0', weights=data/'weights/tf_efficientnet_lite0_timm.pth')
    return embed(learn, list(links), fn)

def accuracy(x, labels, folds): return float((out_of_fold(x, labels, folds).idxmax(axis=1)==np.array(labels)).mean())

def folded(x, labels, groups, seed):
    "Accuracy where whole groups are dealt out to five folds, in an order drawn by `seed`"
    order = np.random.default_rng(seed).permutation(len(labels))
    folds = np.empty(len(labels), int)
    folds[order] = group_folds(np.array(groups)[order], 5)
    return accuracy(x, labels, folds)

@call_parse
def main(
    path:str=None, # Folder with UCF101/, ucfTrainTestlist/ and weights/, $ACTION_RECOG_DATA if not given
    out:str='runs/groups', # Folder for the links and the features
    seeds:str='0,1,2', # Draws of the folds
    size:int=160, # Pixels of the frames that the encoder sees
    save:str='bench/results/groups.json', # File for the figures
):
    "Compare groups that are found with those that are known"
    need('sklearn')
    data,out = need_data(path),Path(out)
    clips = get_instances(data/'UCF101')
    links = hide_names(clips, out/'nameless')
    files,clips = list(links),list(links.values())
    known,labels = [clip_group(o) for o in clips],[o.parent.name for o in clips]
    number = np.array([int(re.search(r'_g(\d+)_', o.name)[1]) for o in clips])
    start = time.perf_counter()
    found = dict(pictures=find_groups(files))
    seconds = dict(pictures=time.perf_counter()-start)
    start = time.perf_counter()
    table = features(links, data, out/f'features-{size}.csv', size)
    seconds['features'] = time.perf_counter()-start
    found['features'] = find_groups(files, features=table)
    parts = {'all':number>0, 'groups 8 to 25':number>7, 'groups 1 to 7':number<8}
    rows = [dict(by=name, clips=part, n=int(some.sum()), groups=len(set(np.array(o.groups)[some])),
        **dict(zip(('precision','recall'), map(float, pair_scores(o.groups, known, labels, some)))))
        for name,o in found.items() for part,some in parts.items()]
    print_table(['found by', 'clips', 'groups', 'precision', 'recall'], ([o['by'], f'{o["clips"]}, {o["n"]}', o['groups'],
        f'{o["precision"]:.3f}', f'{o["recall"]:.3f}'] for o in rows))
    print(f'\n{len(files)} clips by pictures: {seconds["pictures"]:.1f} s')
    ways = {'clips at random':files, 'groups found by pictures':found['pictures'].groups,
        'groups found by features':found['features'].groups, 'known groups':known}
    x,seeds = table.loc[[str(o) for o in files]].values,[int(o) for o in seeds.split(',')]
    use = {name:[folded(x, labels, groups, seed) for seed in seeds] for name,groups in ways.items()}
    official = []
    for fold in (1,2,3):
        folds = np.zeros(len(clips), int)
        folds[ucf101_splits(clips, fold, data/'ucfTrainTestlist')[1]] = 1
        own = out_of_fold(x, labels, folds)[folds==1]
        official.append(float((own.idxmax(axis=1)==np.array(labels)[folds==1]).mean()))
    use['official splits'] = official
    print_table(['held out', 'accuracy', 'least', 'most'], ([k, *(f'{100*f(v):.1f} %' for f in (np.mean,min,max))] for k,v in use.items()))
    save_json(save, dict(size=size, pairs=rows, seconds=seconds, accuracy=use, copies=len(found['pictures'].pairs)))
