"The accuracy table of seven real classes, the tutorial's recipe and ours, with the random splits beside: `python bench/seven.py`"
import json,os
from pathlib import Path
from fastcore.script import call_parse

@call_parse
def main(
    path:str=None, # Folder with UCF101/, ucfTrainTestlist/ and weights/, $ACTION_RECOG_DATA if not given
    out:str='runs/seven', # Folder of the runs; those that are there are not repeated
    models:str='baseline,lstm,convlstm,timesformer', # Learners, with commas between
    folds:str='1,2,3', # Official splits
    seeds:str='0', # Trainings of each
    num_workers:int=0, # Of the data loaders
    save:str='bench/results/seven.json', # The rows of all runs
):
    "Train by the tutorial's recipe and by ours, on the official splits and on random ones"
    from action_recog.evaluate import leak_table,order_table,report_md
    from action_recog.training import make_table
    data = Path(path or os.environ.get('ACTION_RECOG_DATA', '../shared/data'))
    args = dict(models=models.split(','), arch='tf_efficientnet_lite0', weights=data/'weights/tf_efficientnet_lite0_timm.pth',
        lists=data/'ucfTrainTestlist', seeds=[int(o) for o in seeds.split(',')], num_workers=num_workers)
    nums,rows = [int(o) for o in folds.split(',')],[]
    for kw in (dict(recipe='tutorial', folds=nums, changes=dict(split='official')), dict(recipe='tutorial'), dict(folds=nums, leak=True)):
        rows += make_table(data/'UCF101', out, **args, **kw)
    print(f'\n{report_md(rows)}\n{leak_table(rows).to_string()}\n\n{order_table(rows).to_string()}')
    Path(save).write_text(json.dumps(rows, indent=1))
