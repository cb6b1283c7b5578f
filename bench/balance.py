"""Unequal classes on the sample: what is recognised of the rare ones, without help, drawn alike, and weighed in the loss

    python bench/balance.py [--ratio 20] [--seeds 0,1,2]

Two classes of the sample keep one of `ratio` training clips, the held-out groups are whole. Each learner is trained by
the sample's recipe. Figures go to bench/results/balance.json."""
from pathlib import Path
from tempfile import TemporaryDirectory
import numpy as np,torch
from fastai.torch_core import set_seed
from fastcore.script import call_parse
from common import print_table,save_json
from action_recog.clips.data import ActionDataLoaders,get_instances
from action_recog.clips.splits import OfficialSplitter
from action_recog.learners.evaluate import get_answers
from action_recog.learners.metrics import label_counts
from action_recog.learners.recipes import get_recipe,learner_meta
from action_recog.videos.sample import write_sample
from action_recog.videos.ucf101 import find_lists

rare = 'CircleRight','SquareShrink'
ways = {'as they are':{}, 'drawn alike':dict(balance=True), 'weighed in the loss':dict(class_weights=True)}

def thinned(files, lists, ratio):
    "The clips of split 1, of the rare classes few for training"
    train,test = OfficialSplitter(1, lists)(files)
    some = {name:[i for i in train if files[i].parent.name==name] for name in rare}
    kept = {i for own in some.values() for i in own[:max(round(len(own)/ratio), 1)]}
    train = [i for i in train if files[i].parent.name not in rare or i in kept]
    return lambda _: (train,test)

def measure(path, model, ratio, seed, way, **changes):
    "Recall of the rare classes, of the others, and balanced accuracy of one training"
    recipe = get_recipe(model, 'sample', **changes, **ways[way])
    set_seed(seed)
    files = get_instances(path)
    dls = ActionDataLoaders.from_files(files, splitter=thinned(files, find_lists(path), ratio), image_size=recipe.image_size,
        seq_len=recipe.seq_len, bs=recipe.bs, num_workers=0, balance=recipe.balance)
    learn = learner_meta[model]['learner'](dls, **recipe.model, **recipe.learner_args(dls))
    with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(recipe.epochs, recipe.lr)
    row = get_answers(learn, 2).row()
    recall = row['per_class']
    counts = label_counts(dls)
    return dict(seed=seed, way=way, clips_rare=counts[rare[0]], clips_other=max(counts.values()),
        rare=np.mean([recall[o] for o in rare]), others=np.mean([v for k,v in recall.items() if k not in rare]),
        balanced_accuracy=row['balanced_accuracy'], video_accuracy=row['video_accuracy'], macro_f1=row['macro_f1'])

@call_parse
def main(
    model:str='convlstm', # Learner
    ratio:int=20, # Training clips of the others for one of the rare classes
    seeds:str='0,1,2', # Trainings of each
    groups:int=27, # Groups of each class: 20 for training
    n_clips:int=2, # Clips of each group
    n_frames:int=16, # Frames of each clip
    image_size:int=64, # Pixels
    epochs:int=20, # Of each training
    save:str='bench/results/balance.json', # File for the figures
):
    "Recall of rare classes with and without balance"
    torch.set_num_threads(1)
    done,rows = [],[]
    with TemporaryDirectory() as d:
        path = write_sample(Path(d)/'sample', n_groups=groups, n_clips=n_clips, n_frames=n_frames)/'UCF-101'
        for seed in map(int, seeds.split(',')):
            for way in ways:
                done.append(measure(path, model, ratio, seed, way, image_size=image_size, epochs=epochs))
                print(done[-1], flush=True)
                save_json(save, done)
    for way in ways:
        own = [o for o in done if o['way']==way]
        by_seed = ', '.join(f'{100*o["rare"]:.0f}' for o in own)
        means = [f'{100*np.mean([o[k] for o in own]):.1f} %' for k in ('rare','others','balanced_accuracy','macro_f1')]
        rows.append([way, by_seed, *means])
    print(f'{done[0]["clips_rare"]} clips for training of each rare class, {done[0]["clips_other"]} of each other')
    print_table(['classes', 'rare classes by seed, %', 'rare classes', 'other classes', 'balanced accuracy', 'macro F1'], rows)
