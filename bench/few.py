"""What a recipe learns from few clips, beside logistic regression on the same stored features

    python bench/few.py [--models baseline,lstm,convlstm] [--sizes 50,100,240,371]

Some clips of each class of the official training lists are taken, the test lists are whole, and each learner is
trained by the default recipe. The peer is scikit-learn's logistic regression on the mean and the deviation over time
of the features that the learner sees, each standardised. Figures go to bench/results/few.json. Needs real clips and
the weights of an EfficientNet-Lite0 beside them; the encoder's features are stored once."""
import random
from pathlib import Path
from tempfile import TemporaryDirectory
import numpy as np,torch
from fastai.callback.core import Callback,CancelValidException
from fastcore.script import call_parse
from common import need,need_data,print_table,save_json
from action_recog.learners.encoder import time_stats
from action_recog.learners.recipes import get_recipe
from action_recog.learners.training import Run
from action_recog.videos.ucf101 import ucf101_splits
from action_recog.videos.opening import get_videos

def some_of_each(clips, n, seed):
    "`n` of `clips`, as many of each class as can be"
    lots = {}
    for o in random.Random(seed).sample(clips, len(clips)): lots.setdefault(o.parent.name, []).append(o)
    turns = [o for turn in range(len(clips)) for lot in lots.values() for o in lot[turn:turn+1]]
    return turns[:n]

def write_lists(data, folder, fold, n, seed):
    "The lists of official split `fold` with `n` training clips, as split 1; the number of training clips"
    lists = data/'ucfTrainTestlist'
    videos = get_videos(data/'UCF101')
    train,test = [[videos[i] for i in part] for part in ucf101_splits(videos, fold, lists)]
    text = (lists/'classInd.txt').read_text()
    number = dict(zip(text.split()[1::2], text.split()[::2]))
    train = some_of_each(train, n, seed)
    (folder/'classInd.txt').write_text(text)
    (folder/'trainlist01.txt').write_text(''.join(f'{o.parent.name}/{o.name} {number[o.parent.name]}\n' for o in train))
    (folder/'testlist01.txt').write_text(''.join(f'{o.parent.name}/{o.name}\n' for o in test))
    return len(train)

def seen(ds):
    "Mean and deviation over time of the features of each clip of a data set, `(N, 2, channels)`, and its classes"
    pairs = [ds[i] for i in range(len(ds))]
    maps = torch.stack([x.float().mean((-1,-2)) for x,_ in pairs])
    return time_stats(maps).unflatten(1, (2,-1)).numpy(),np.array([int(y) for _,y in pairs])

def all_seen(run):
    "What the learner of `run` sees of its training and of its validation set, at all stored places"
    with run.features():
        for dl in run.learn.dls.loaders: dl.dataset.tls[0].tfms.fs[0].sampler.seq_len = run.recipe.features['n_frames']
        return [seen(dl.dataset) for dl in run.learn.dls.loaders]

def regression(x, y, xt):
    "Classes of `xt` by logistic regression on `x`, each number standardised"
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    model = make_pipeline(StandardScaler(), LogisticRegression(C=.003, max_iter=2000))
    return model.fit(x.reshape(len(x), -1), y).predict(xt.reshape(len(xt), -1))

def default_run(data, out, model, **kwargs):
    "A run by the default recipe with the encoder whose weights are there, made already"
    weights = data/'weights/tf_efficientnet_lite0_timm.pth'
    recipe = get_recipe(model, 'default', arch='tf_efficientnet_lite0', weights=weights)
    run = Run(data/'UCF101', model, recipe, Path(out)/'other', num_workers=0, **kwargs)
    run.make()
    return run

class NoValidation(Callback):
    "Leave out the validation after each epoch, of which there are many where clips are few"
    def before_validate(self): raise CancelValidException

def measure(data, out, model, n, fold, seed):
    "Video accuracy of the learner and of logistic regression, with `n` training clips"
    with TemporaryDirectory() as folder:
        found = write_lists(data, Path(folder), fold, n, seed)
        run = default_run(data, out, model, seed=seed, lists=folder)
        (x,y),(xt,yt) = all_seen(run)
        peer = float((regression(x, y, xt)==yt).mean())
        run.train(NoValidation())
        run.score()
    accuracy = run.row['video_accuracy']
    return dict(learner=model, clips=found, fold=fold, seed=seed, video_accuracy=accuracy, regression=peer)

@call_parse
def main(
    path:str=None, # Folder with UCF101/, ucfTrainTestlist/ and weights/, $ACTION_RECOG_DATA if not given
    out:str='runs/seven', # Its features/ are used again, and made if they are not there
    models:str='baseline', # Learners, with commas between
    sizes:str='50,100', # Training clips, at most
    folds:str='1,2,3', # Official splits
    seeds:str='0', # Draws of clips and trainings of each
    save:str='bench/results/few.json', # File for the figures
):
    "Train on few clips, and compare with logistic regression"
    need('sklearn')
    data,done = need_data(path),[]
    def rows():
        for n in map(int, sizes.split(',')):
            for model in models.split(','):
                own = [measure(data, out, model, n, int(f), int(s)) for f in folds.split(',') for s in seeds.split(',')]
                done.extend(own)
                save_json(save, done)
                means = [100*np.mean([o[k] for o in own]) for k in ('video_accuracy','regression')]
                yield [model, n, *(f'{o:.1f} %' for o in means)]
    print_table(['learner', 'training clips', 'video accuracy', 'logistic regression'], rows())
