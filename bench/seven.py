"""The accuracy table of seven real classes, by the tutorial's recipe and by ours, on official and random splits

    python bench/seven.py --seeds 0,1,2

This makes the rows of bench/results/seven.json, which the docs show: our recipe by three seeds on the official
splits, and what its learners say together; everything else by the first seed alone. Runs that are in `--out`
already are not repeated. With `--keep`, what is in the saved file and is not made anew stays. Needs real clips, their
lists and the weights of an EfficientNet-Lite0 beside them, and takes hours on a CPU."""
from pathlib import Path
import torch
from fastcore.script import call_parse
from common import four,need_data,print_table,save_json
from action_recog.learners.evaluate import answers_from
from action_recog.learners.fuse import fused_table
from action_recog.learners.tables import report_md
from action_recog.learners.runs import make_table,read_rows
from action_recog.videos.files import read_json

def place(row):
    "Where a row stands: the tutorial's first, random splits last, then by learner"
    is_ours = row['recipe']['name']!='tutorial'
    return is_ours, row['split']=='random split', (*four,'fusion').index(row['learner']), row['seed'], row['split']

def wrong_together(out, models, folds, seeds):
    "How many videos of the official splits any learner gets wrong, and how many all of them, by seed"
    rows = []
    for seed in seeds:
        row = dict(seed=seed, videos=0, any=0, all=0)
        for fold in folds:
            answers = [answers_from(read_json(Path(out)/f'{o}-default-fold{fold}-seed{seed}'/'answers.json')) for o in models]
            wrong = torch.stack([o.probs.argmax(1)!=o.targs for o in answers])
            row['videos'] += wrong.shape[1]
            row['any'] += int(wrong.any(0).sum())
            row['all'] += int(wrong.all(0).sum())
        rows.append(row)
    return rows

@call_parse
def main(
    path:str=None, # Folder with UCF101/, ucfTrainTestlist/ and weights/, $ACTION_RECOG_DATA if not given
    out:str='runs/seven', # Folder of the runs; those that are there are not repeated
    models:str=','.join(four), # Learners, with commas between
    folds:str='1,2,3', # Official splits
    seeds:str='0', # Trainings of each by our recipe on the official splits; of the others there is one
    num_workers:int=0, # Of the data loaders
    keep:bool=False, # Keep rows of the saved file that are not made anew, and leave the tutorial's recipe alone?
    save:str='bench/results/seven.json', # File for the rows of all runs in `out`
):
    "Train by the tutorial's recipe and by ours, on the official splits and on random ones"
    data = need_data(path)
    videos = data/'UCF101'
    folds = [int(o) for o in folds.split(',')]
    seeds = [int(o) for o in seeds.split(',')]
    first = seeds[:1]
    encoder = dict(arch='tf_efficientnet_lite0', weights=data/'weights/tf_efficientnet_lite0_timm.pth')
    args = dict(models=models.split(','), lists=data/'ucfTrainTestlist', num_workers=num_workers, **encoder)
    if not keep:
        make_table(videos, out, 'tutorial', changes=dict(split='official'), folds=folds, seeds=first, **args)
        make_table(videos, out, 'tutorial', seeds=first, **args)
    make_table(videos, out, 'default', folds=folds, seeds=first, leak=True, **args)
    fused_table(videos, out, 'default', folds=folds, seeds=seeds, **args)
    rows = read_rows(Path(out)/'results.jsonl')
    if keep:
        made = {o['name'] for o in rows}
        rows += [o for o in read_json(save) if o['name'] not in made]
    rows = sorted(rows, key=place)
    print(f'\n{report_md(rows)}\n')
    together = wrong_together(out, args['models'], folds, seeds)
    print_table(['seed','videos','wrong in any learner','wrong in all'], [list(o.values()) for o in together])
    save_json(save, rows)
    save_json(Path(save).with_stem(f'{Path(save).stem}_wrong'), together)
