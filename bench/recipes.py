"The sample's recipes on groups held out of its training list, over several seeds. Prints tables: `python bench/recipes.py`"
import json
from pathlib import Path
from fastcore.script import call_parse

@call_parse
def main(
    path:str='data/sample', # Folder of the sample, written if it is not there
    out:str='runs/recipes', # Folder of the runs; those that are there are not repeated
    seeds:int=2, # Trainings of each learner
    models:str='baseline,lstm,convlstm,timesformer', # Learners, with commas between
):
    "Train the learners without the test list, as the recipes were chosen"
    from action_recog.evaluate import make_table,table_md
    from action_recog.sample import write_sample
    videos = write_sample(path)/'UCF-101'
    for seed in range(seeds):
        rows = make_table(videos, Path(out)/f'seed{seed}', 'sample', models.split(','), tune=True, seed=seed)
        print(f'\nseed {seed}\n\n{table_md(rows)}', flush=True)
