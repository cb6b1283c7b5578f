"""Which wrong labels are found, where a twentieth of them is wrong

    python bench/suspects.py [--seeds 0]

One label in twenty of the sample is made a wrong one, a learner is trained with all of them, and `find_suspects` names
as many clips as have a wrong label. Figures go to bench/results/suspects.json. Needs minutes on a CPU, and nothing
but the package; runs that are in `--out` are not repeated."""
import random
from pathlib import Path
from fastcore.script import call_parse
from common import print_table,save_json
from action_recog.answers.export import open_learner
from action_recog.answers.suspects import find_suspects
from action_recog.clips.data import get_instances
from action_recog.learners.recipes import get_recipe
from action_recog.learners.training import save_run
from action_recog.videos.sample import write_sample

def flip(files, folder, seed, share=.05):
    "Links to `files` in class folders below `folder`, some of them in a wrong one; those"
    rnd = random.Random(seed)
    classes = sorted({o.parent.name for o in files})
    chosen = set(rnd.sample(range(len(files)), int(share*len(files))))
    wrong = set()
    for i,o in enumerate(files):
        label = rnd.choice([c for c in classes if c!=o.parent.name]) if i in chosen else o.parent.name
        link = folder/label/o.name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink(): link.symlink_to(o.resolve())
        if i in chosen: wrong.add(link)
    return wrong

@call_parse
def main(
    out:str='runs/suspects', # Folder for the sample, the links and the runs
    model:str='convlstm', # Learner
    seeds:str='0,1,2', # Draws of the wrong labels; the training is made for each
    save:str='bench/results/suspects.json', # File for the figures
):
    "Make labels wrong, train, and look for them"
    out,done = Path(out),[]
    files = get_instances(write_sample(out/'sample')/'UCF-101')
    def rows():
        for seed in map(int, seeds.split(',')):
            folder = out/f'seed{seed}'
            wrong = flip(files, folder/'flip', seed)
            row = save_run(folder/'flip', model, folder/model, get_recipe(model, 'sample'), num_workers=0)
            clips = get_instances(folder/'flip')
            found = find_suspects(open_learner(folder/model), len(wrong), files=clips)
            n = len(wrong & set(found.table.file))
            done.append(dict(learner=model, seed=seed, clips=len(clips), wrong=len(wrong), found=n, recall=n/len(wrong), video_accuracy=row['video_accuracy']))
            save_json(save, done)
            yield [seed, len(clips), len(wrong), n, f'{n/len(wrong):.2f}']
    print_table(['seed', 'clips', 'wrong labels', 'of them named', 'recall'], rows())
