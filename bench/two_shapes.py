"""Several labels a clip: a circle and a square move in each video of the sample, and both are to be named

    python bench/two_shapes.py [--models convlstm]

A learner is trained by the sample's recipe on groups that are not held out, and its thresholds are chosen on the held-out
ones, for each part of the videos by the others. It is then saved and loaded, and exported to ONNX, and all three are asked
for their sets of labels. Figures go to bench/results/two_shapes.json. Needs minutes on a CPU, and nothing but the package."""
import numpy as np
from pathlib import Path
from tempfile import TemporaryDirectory
from fastai.torch_core import set_seed
from fastcore.script import call_parse
from common import need,print_table,save_json
from action_recog.answers.export import to_onnx
from action_recog.answers.predict import predict_video
from action_recog.clips.data import ActionDataLoaders
from action_recog.learners.calibration import tune_thresholds
from action_recog.learners.evaluate import score
from action_recog.learners.model_folder import load_model,save_model
from action_recog.learners.recipes import get_recipe,learner_meta
from action_recog.videos.sample import write_two_shapes

def trained(path, model, epochs):
    "A learner that has seen the groups that are not held out"
    recipe = get_recipe(model, 'sample', epochs=epochs)
    set_seed(0)
    dls = ActionDataLoaders.from_csv(path, folder='videos', label_delim=' ', seed=0, image_size=recipe.image_size,
        seq_len=recipe.seq_len, bs=recipe.bs, num_workers=0)
    learn = learner_meta[model]['learner'](dls, **recipe.model, **recipe.learner_args())
    with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(recipe.epochs, recipe.lr)
    return learn

def onnx_sets(fn, learn, videos):
    "The labels that an ONNX file says of one clip of each video"
    import json,onnxruntime as ort
    session = ort.InferenceSession(fn, providers=['CPUExecutionProvider'])
    about = {k:json.loads(v) for k,v in session.get_modelmeta().custom_metadata_map.items() if k in ('vocab','thresholds')}
    def said(video):
        clip = learn.dls.test_dl([video], num_workers=0).one_batch()[0].numpy()
        probs = 1/(1+np.exp(-session.run(['logits'], dict(clip=clip))[0][0]))
        return [o for o,p,least in zip(about['vocab'], probs, about['thresholds']) if p>least]
    return [said(o) for o in videos]

def measure(path, model, epochs):
    "Figures of one learner, and how many videos its saved forms say the same of"
    learn = trained(path, model, epochs)
    row = score(learn, 2)
    tune_thresholds(learn, n_clips=2)
    videos = learn.dls.valid_ds.items
    with TemporaryDirectory() as d:
        loaded = load_model(save_model(learn, Path(d)/'model'))
        own,again = [[predict_video(o, v, n_clips=1).said for v in videos] for o in (learn,loaded)]
        exported = onnx_sets(to_onnx(learn, Path(d)/'model.onnx'), learn, videos)
    same = dict(loaded=sum(a==b for a,b in zip(own, again)), onnx=sum(a==b for a,b in zip(own, exported)))
    kept = {k:v for k,v in row.items() if isinstance(v, (int,float))}
    return dict(learner=model, videos=len(videos), same_loaded=same['loaded'], same_onnx=same['onnx'], **kept)

@call_parse
def main(
    models:str='convlstm', # Learners, with commas between
    groups:int=25, # Groups of videos
    epochs:int=None, # The recipe's if not given
    save:str='bench/results/two_shapes.json', # File for the figures
):
    "Train on videos with two labels each, and compare what is saved with the learner"
    need('onnxruntime')
    with TemporaryDirectory() as d:
        path = write_two_shapes(Path(d)/'two', n_groups=groups)
        done = [measure(path, o, epochs) for o in models.split(',')]
    save_json(save, done)
    columns = [k for k in done[0] if k!='learner']
    print_table(['learner', *columns], [[o['learner'], *(f'{o[k]:.3f}' if isinstance(o[k], float) else o[k] for k in columns)] for o in done])
