"Check an installation of action_recog: its modules and commands are there, importing prints nothing, it reads a video and trains, its own small model answers, and an ONNX file answers without torch and fastai"
import sys
from contextlib import redirect_stderr,redirect_stdout
from importlib import import_module
from importlib.metadata import distributions
from importlib.util import find_spec
from io import StringIO
from math import isfinite
from pathlib import Path
from subprocess import run
from tempfile import TemporaryDirectory

def chk_modules(
    target:Path, # Folder that pip installed into
    mods, # Dotted names of the modules that must be there
):
    "Import `mods` and load the commands, all from `target`"
    for m in mods:
        try: fn = Path(import_module(m).__file__).resolve()
        except ImportError as e: sys.exit(f'{m} cannot be imported from the package installed in {target}: {e}')
        if not fn.is_relative_to(target): sys.exit(f'{m} came from {fn}, not from the package installed in {target}')
    for d in distributions(path=[str(target)]):
        for e in d.entry_points.select(group='console_scripts'):
            try: e.load()
            except (ImportError, AttributeError) as err: sys.exit(f'The command {e.name} cannot be loaded from {e.value}: {err}')

def chk_quiet():
    "Import everything, which must print nothing"
    with redirect_stdout(StringIO()) as out, redirect_stderr(out):
        try: import_module('action_recog.all')
        except ImportError as e: sys.exit(f'action_recog cannot be imported: {e}')
    if out.getvalue(): sys.exit(f'Importing action_recog prints what action_recog/__init__.py should silence:\n{out.getvalue()}')

def chk_use(
    path:Path, # Folder for a small sample
):
    "Write the smallest sample, read a video of it, and train a few steps"
    import action_recog.all as ar
    path = ar.write_sample(path, n_groups=4, n_clips=1, n_frames=4)/'UCF-101'
    video = ar.get_videos(path)[0]
    clip = ar.read_clip(video, [0,3])
    if len(clip)!=2 or clip.float().std()<1: sys.exit(f'Frames 0 and 3 of {video} were read as a clip of shape {tuple(clip.shape)} with nothing on it')
    ar.set_seed(0)
    dls = ar.ActionDataLoaders.from_ucf101(path, seq_len=2, image_size=32, bs=4, num_workers=0)
    learn = ar.baseline_learner(dls, ar.small_cnn, pretrained=False)
    with learn.no_bar(), learn.no_logging(): learn.fit(1)
    loss = learn.recorder.losses[-1]
    if not isfinite(loss): sys.exit(f'Training ended with a loss of {loss}')

def chk_sample_model(
    path:Path, # Folder for a video
):
    "Ask the small model inside the package about a video of the sample"
    import action_recog.all as ar
    path.mkdir()
    ar.write_avi(path/'left.avi', ar.render_clip('Circle', ('Left','Right'), group=2))
    pred = ar.predict_video(ar.open_learner('sample', 'cpu'), path/'left.avi')
    if pred[0][0]!='CircleLeft': sys.exit(f'The model inside the package takes a circle that goes left for {pred[0]}')

_alone = """
import sys
class Refuse:
    def find_spec(self, name, *args):
        if name.partition('.')[0] in ('torch','torchvision','fastai','fastcore','pandas','PIL','matplotlib','timm'): raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, sys.argv[1])
from action_recog.answers.shell import run_command
sys.exit(run_command('ar-predict', [sys.argv[2], '--learner', sys.argv[3], '-k', '1']))
"""

def chk_alone(
    target:Path, # Folder that pip installed into
    path:Path, # Folder for a video and an ONNX file
):
    "Ask an ONNX file where there is neither torch nor fastai"
    import action_recog.all as ar
    path.mkdir()
    ar.write_avi(path/'left.avi', ar.render_clip('Circle', ('Left','Right'), group=2))
    ar.to_onnx(ar.open_learner('sample', 'cpu'), path/'sample.onnx')
    res = run([sys.executable, '-c', _alone, target, path/'left.avi', path/'sample.onnx'], capture_output=True, text=True, cwd=path)
    if res.returncode or not res.stdout.endswith('CircleLeft\n'): sys.exit(f'An ONNX file does not answer alone: {res.stdout}{res.stderr}')

def main(
    target, # Folder that pip installed into, or the checkout of an editable installation
    *mods, # Dotted names of the modules that must come from `target`
):
    "Exit with one sentence when something does not work"
    target = Path(target).resolve()
    sys.path.insert(0, str(target))
    chk_quiet()
    chk_modules(target, mods)
    with TemporaryDirectory() as d, redirect_stdout(StringIO()):
        chk_use(Path(d)/'sample')
        chk_sample_model(Path(d)/'video')
        if find_spec('onnxscript') and find_spec('onnxruntime'): chk_alone(target, Path(d)/'alone')

if __name__=='__main__': main(*sys.argv[1:])
