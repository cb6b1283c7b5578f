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
    seeds:str='0', # Trainings of each by our recipe on the official splits; of the others there is one
    num_workers:int=0, # Of the data loaders
    save:str='bench/results/seven.json', # The rows of all runs in `out`
):
    "Train by the tutorial's recipe and by ours, on the official splits and on random ones"
    from action_recog.learners.evaluate import leak_table,order_table,report_md
    from action_recog.learners.training import make_table,read_rows
    data = Path(path or os.environ.get('ACTION_RECOG_DATA', '../shared/data'))
    args = dict(models=models.split(','), arch='tf_efficientnet_lite0', weights=data/'weights/tf_efficientnet_lite0_timm.pth',
        lists=data/'ucfTrainTestlist', num_workers=num_workers)
    nums,seeds = [int(o) for o in folds.split(',')],[int(o) for o in seeds.split(',')]
    official,one = dict(recipe='tutorial', folds=nums, changes=dict(split='official')),dict(seeds=seeds[:1])
    for kw in (dict(official, **one), dict(recipe='tutorial', **one), dict(folds=nums, leak=True, **one), dict(folds=nums, seeds=seeds)):
        make_table(data/'UCF101', out, **args, **kw)
    four = ['baseline','lstm','convlstm','timesformer']
    rows = sorted(read_rows(Path(out)/'results.jsonl'), key=lambda r: (r['recipe']['name']!='tutorial', r['split']=='random split',
        four.index(r['learner']), r['seed'], r['split']))
    print(f'\n{report_md(rows)}\n{leak_table(rows).to_string()}\n\n{order_table(rows).to_string()}')
    Path(save).write_text(json.dumps(rows, indent=1))
