"""The accuracy table of seven real classes, by the tutorial's recipe and by ours, with the random splits beside.

`python bench/seven.py --seeds 0,1` makes the rows of bench/results/seven.json, which the docs show: our recipe by two seeds on the
official splits, everything else by the first seed alone.
"""
import json,os
from pathlib import Path
from fastcore.script import call_parse

four = ['baseline','lstm','convlstm','timesformer']

def place(row):
    "Where a row stands: the tutorial's first, random splits last, then by learner"
    return row['recipe']['name']!='tutorial', row['split']=='random split', four.index(row['learner']), row['seed'], row['split']

@call_parse
def main(
    path:str=None, # Folder with UCF101/, ucfTrainTestlist/ and weights/, $ACTION_RECOG_DATA if not given
    out:str='runs/seven', # Folder of the runs; those that are there are not repeated
    models:str=','.join(four), # Learners, with commas between
    folds:str='1,2,3', # Official splits
    seeds:str='0', # Trainings of each by our recipe on the official splits; of the others there is one
    num_workers:int=0, # Of the data loaders
    save:str='bench/results/seven.json', # The rows of all runs in `out`
):
    "Train by the tutorial's recipe and by ours, on the official splits and on random ones"
    from action_recog.learners.tables import leak_table,order_table,report_md
    from action_recog.learners.training import make_table,read_rows
    data = Path(path or os.environ.get('ACTION_RECOG_DATA', '../shared/data'))
    folds,seeds = [int(o) for o in folds.split(',')],[int(o) for o in seeds.split(',')]
    args = dict(models=models.split(','), arch='tf_efficientnet_lite0', weights=data/'weights/tf_efficientnet_lite0_timm.pth',
        lists=data/'ucfTrainTestlist', num_workers=num_workers)
    videos,first = data/'UCF101',seeds[:1]
    make_table(videos, out, 'tutorial', changes=dict(split='official'), folds=folds, seeds=first, **args)
    make_table(videos, out, 'tutorial', seeds=first, **args)
    make_table(videos, out, folds=folds, seeds=first, leak=True, **args)
    make_table(videos, out, folds=folds, seeds=seeds, **args)
    rows = sorted(read_rows(Path(out)/'results.jsonl'), key=place)
    print(f'\n{report_md(rows)}\n{leak_table(rows).to_string()}\n\n{order_table(rows).to_string()}')
    Path(save).write_text(json.dumps(rows, indent=1))
