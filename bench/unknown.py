"""Classes left out of the training: is a clip of another class told from those of the known ones, and are probabilities right?

    python bench/unknown.py [--classes a,b,c] [--fold 1]

For each class that is left out a learner is trained on the others by the default recipe, with groups of the training list
held out, on which `calibrate` fits the temperature and chooses the threshold of "none of these". Everything is measured on the
test list: its clips of the known classes, and all its clips of the class left out. AUROC is scikit-learn's. Figures go to
bench/results/unknown.json. Needs real clips and the weights of an EfficientNet-Lite0 beside them; features are stored once."""
from pathlib import Path
from tempfile import TemporaryDirectory
import numpy as np,torch
from fastcore.script import call_parse
from common import need,need_data,print_table,save_json
from action_recog.learners.calibration import auroc,calibrate,mean_probs,video_logits
from action_recog.learners.metrics import calibration_error
from action_recog.learners.recipes import get_recipe
from action_recog.learners.training import Run
from action_recog.videos.ucf101 import ucf101_splits
from action_recog.videos.opening import get_videos

def link_classes(data, folder, left_out):
    "A folder with links to the videos of all classes but one"
    for o in get_videos(data/'UCF101'):
        if o.parent.name==left_out: continue
        (folder/o.parent.name).mkdir(parents=True, exist_ok=True)
        (folder/o.parent.name/o.name).symlink_to(o.resolve())
    return folder

def measure(data, out, model, fold, left_out, seed):
    "Train without a class, calibrate, and ask about the test list"
    from sklearn.metrics import roc_auc_score
    lists = data/'ucfTrainTestlist'
    videos = get_videos(data/'UCF101')
    test = [videos[i] for i in ucf101_splits(videos, fold, lists)[1]]
    unknown = [o for o in test if o.parent.name==left_out]
    known = [o for o in test if o.parent.name!=left_out]
    weights = data/'weights/tf_efficientnet_lite0_timm.pth'
    recipe = get_recipe(model, 'default', arch='tf_efficientnet_lite0', weights=weights)
    with TemporaryDirectory() as d:
        path = link_classes(data, Path(d)/'UCF101', left_out)
        run = Run(path, model, recipe, Path(out)/'other', seed, 0, lists=lists, fold=fold, tune=True)
        run.make()
        run.train()
        learn = run.learn
        with run.features():
            res = calibrate(learn, recipe.n_clips, rate=.05)
            # The features of the test list are stored as well where the table was made with this `out`
            logits = [video_logits(learn, o, recipe.n_clips)[0] for o in (known,unknown)]
    targs = torch.tensor([learn.dls.vocab.o2i[o.parent.name] for o in known])
    before,after = ([mean_probs(o, temperature=t) for o in logits] for t in (1.,learn.temperature))
    best = [o.max(1).values for o in after]
    truth = [1]*len(known)+[0]*len(unknown)
    sklearn_auroc = roc_auc_score(truth, torch.cat(best))
    assert abs(sklearn_auroc-auroc(*best))<1e-6
    return dict(left_out=left_out, fold=fold, seed=seed, known=len(known), unknown=len(unknown), temperature=learn.temperature,
        none_below=learn.none_below, accuracy=(after[0].argmax(1)==targs).float().mean().item(),
        error_before=calibration_error(before[0], targs), error_after=calibration_error(after[0], targs), auroc=float(sklearn_auroc),
        unknown_named=(best[1]>=learn.none_below).float().mean().item(), known_given_up=(best[0]<learn.none_below).float().mean().item())

@call_parse
def main(
    path:str=None, # Folder with UCF101/, ucfTrainTestlist/ and weights/, $ACTION_RECOG_DATA if not given
    out:str='runs/seven', # Its features/ are used again, and made if they are not there
    model:str='baseline', # Learner
    classes:str='', # Classes to leave out, one after the other, with commas between; all if not given
    fold:int=1, # Official split
    seed:int=0, # Of the trainings
    save:str='bench/results/unknown.json', # File for the figures
):
    "Leave classes out, and ask for them"
    need('sklearn')
    data,done = need_data(path),[]
    names = classes.split(',') if classes else sorted({o.parent.name for o in get_videos(data/'UCF101')})
    def row(o):
        shares = [f'{100*o[k]:.1f} %' for k in ('accuracy','error_before','error_after')]
        return [o['left_out'], *shares, f'{o["temperature"]:.2f}', f'{o["auroc"]:.3f}', f'{100*o["unknown_named"]:.0f} %', f'{100*o["known_given_up"]:.0f} %']
    def rows():
        for name in names:
            done.append(measure(data, out, model, fold, name, seed))
            save_json(save, done)
            yield row(done[-1])
        yield row(dict({k:float(np.mean([o[k] for o in done])) for k in done[0] if k!='left_out'}, left_out='mean'))
    print_table(['left out', 'accuracy of the known', 'calibration error before', 'after', 'temperature', 'AUROC', 'unknown that get a class',
        'known given up'], rows())
