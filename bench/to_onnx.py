"""The four learners as ONNX beside PyTorch

    python bench/to_onnx.py [--models timesformer] [--out bench/results/onnx.json]

Each learner is made by its default recipe from nothing, trained for one epoch on a few real clips, and exported.
The table has the largest differences on some clips, and the time for one clip. The script fails where a logit
differs by more than 1e-4. Needs real clips and `pip install onnx onnxscript onnxruntime`."""
import platform,tempfile,warnings
from pathlib import Path
from fastcore.script import call_parse
from common import device_name,four,in_turns,need,need_data,print_table,save_json,spread
need('onnx', 'onnxscript', 'onnxruntime')
import onnxruntime,torch
from fastai.vision.all import IndexSplitter,set_seed
from action_recog.answers.export import to_onnx
from action_recog.clips.data import ActionDataLoaders,get_instances
from action_recog.learners.recipes import get_recipe,learner_meta

def trained(model, clips):
    "The default learner `model` after a few batches, so that its weights and statistics have seen the clips"
    set_seed(0)
    recipe = get_recipe(model, 'default')
    splitter = IndexSplitter(range(0, len(clips), 4))
    dls = ActionDataLoaders.from_files(clips, splitter=splitter, group_func=str, image_size=recipe.image_size,
        seq_len=recipe.seq_len, bs=4, num_workers=0, device=torch.device('cpu'))
    learn = learner_meta[model]['learner'](dls, **{**recipe.model, 'pretrained':False})
    with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(1, recipe.lr)
    settle(learn)
    return learn

def settle(learn, n=3):
    "Take the statistics of batch normalisation from `n` batches: seven steps of training leave them halfway"
    for m in learn.model.modules():
        if not isinstance(m, (torch.nn.BatchNorm1d,torch.nn.BatchNorm2d)): continue
        m.reset_running_stats()
        m.momentum = None
    learn.model.train()
    with torch.no_grad():
        for _,batch in zip(range(n), learn.dls.train): learn.model(batch[0])

def open_session(fn):
    "ONNX Runtime for the file `fn`: a function from clips to logits"
    opts = onnxruntime.SessionOptions()
    opts.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(fn), opts, providers=['CPUExecutionProvider'])
    return lambda x: torch.from_numpy(session.run(None, {'clip':x.numpy()})[0])

@torch.no_grad()
def compare(name, learn, clips, folder):
    "A row: size of the file, differences on `clips`, times for one clip"
    fn = to_onnx(learn, Path(folder)/f'{name}.onnx')
    model,session = learn.model.eval().cpu(),open_session(fn)
    batches = [x.as_subclass(torch.Tensor) for x, in learn.dls.test_dl(clips, bs=4, num_workers=0)]
    logits = torch.cat([model(x) for x in batches])
    others = torch.cat([session(x) for x in batches])
    one = batches[0][:1]
    seconds = in_turns(dict(torch=lambda: model(one), onnx=lambda: session(one)), 5)
    ms = {way:round(1000*min(o), 1) for way,o in seconds.items()}
    res = dict(learner=name, clips=len(clips), megabytes=round(fn.stat().st_size/1e6, 1))
    res['logits_std'] = round(logits.std().item(), 3)
    res['largest_logit_difference'] = (logits-others).abs().max().item()
    res['largest_probability_difference'] = (logits.softmax(1)-others.softmax(1)).abs().max().item()
    res['same_label'] = (logits.argmax(1)==others.argmax(1)).float().mean().item()
    return dict(res, torch_ms=ms['torch'], onnxruntime_ms=ms['onnx'])

def table_row(r):
    logits,probs = r['largest_logit_difference'],r['largest_probability_difference']
    return [r['learner'], r['megabytes'], f'{logits:.1e}', f'{probs:.1e}', f'{r["same_label"]:.0%}', r['torch_ms'],
        r['onnxruntime_ms']]

@call_parse
def main(
    path:str=None, # Folder with `UCF101/`, $ACTION_RECOG_DATA if not given
    models:str=','.join(four), # Learners, with commas between
    n_train:int=12, # Clips to train on before
    n_clips:int=14, # Clips to compare on
    out:str='bench/results/onnx.json', # File for the figures
):
    "Compare ONNX Runtime to PyTorch on real clips, at the default sizes"
    warnings.filterwarnings('ignore')
    files = sorted(get_instances(need_data(path)/'UCF101'))
    clips = spread(files[3:], n_clips)
    rows = []
    def measure():
        with tempfile.TemporaryDirectory() as folder:
            for name in models.split(','):
                rows.append(compare(name, trained(name, spread(files, n_train)), clips, folder))
                yield table_row(rows[-1])
    header = ['learner', 'MB', 'largest difference of logits', 'of probabilities', 'same label', 'PyTorch ms',
        'ONNX Runtime ms']
    print_table(header, measure())
    versions = dict(torch=torch.__version__, onnxruntime=onnxruntime.__version__)
    save_json(out, dict(device=device_name(), machine=platform.machine(), **versions, rows=rows))
    print(f'\n{len(clips)} clips of UCF101, {device_name()}, one clip at a time for the milliseconds')
    if max(o['largest_logit_difference'] for o in rows)>1e-4: raise SystemExit('a difference is above 1e-4')
