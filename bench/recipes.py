"The sample's recipes on groups held out of its training list, over several seeds. Prints tables: `python bench/recipes.py`"
from fastcore.script import call_parse

@call_parse
def main(
    path:str='data/sample', # Folder of the sample, written if it is not there
    out:str='runs/recipes', # Folder of the runs; those that are there are not repeated
    seeds:int=2, # Trainings of each learner
    models:str='baseline,lstm,convlstm,timesformer', # Learners, with commas between
):
    "Train the learners without the test list, as the recipes were chosen"
    from action_recog.learners.evaluate import table_md
    from action_recog.videos.sample import write_sample
    from action_recog.learners.training import make_table
    videos = write_sample(path)/'UCF-101'
    print(f'\n{table_md(make_table(videos, out, "sample", models.split(","), seeds=range(seeds), tune=True))}')
