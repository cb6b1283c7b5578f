"The four learners as ONNX beside PyTorch, on real clips: `python bench/to_onnx.py`"
import json,os,platform,tempfile,time,warnings
from pathlib import Path
from fastcore.script import call_parse

def trained(model, files, n_train, **kwargs):
    "The default learner `model` after a few batches, so that its weights and statistics have seen the clips"
    from action_recog.clips.data import ActionDataLoaders
    from action_recog.learners.learner import learner_meta
    from fastai.vision.all import IndexSplitter,set_seed,torch
    set_seed(0)
    r = learner_meta[model]['recipes']['default']
    args = {**r['model'], **kwargs, 'pretrained':False}
    pick = sorted(files[::max(len(files)//n_train, 1)])
    dls = ActionDataLoaders.from_files(pick, splitter=IndexSplitter(range(0, len(pick), 4)), image_size=r['image_size'], seq_len=r['seq_len'],
        bs=4, num_workers=0, device=torch.device('cpu'), group_func=str)
    learn = learner_meta[model]['learner'](dls, **args)
    with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(1, r['lr'])
    settle(learn)
    return learn

def settle(learn, n=3):
    "Take the statistics of batch normalisation from `n` batches: seven steps of training leave them halfway"
    import torch
    for m in learn.model.modules():
        if isinstance(m, (torch.nn.BatchNorm1d,torch.nn.BatchNorm2d)): m.reset_running_stats(); m.momentum = None
    learn.model.train()
    with torch.no_grad():
        for _,b in zip(range(n), learn.dls.train): learn.model(b[0])

def best(f, x, n=5):
    "Shortest of `n` calls, in milliseconds"
    def _once():
        start = time.perf_counter()
        f(x)
        return 1000*(time.perf_counter()-start)
    return min(_once() for _ in range(n))

def compare(name, learn, clips, folder):
    "A row: size of the file, differences on `clips`, times for one clip"
    import numpy as np,onnxruntime as ort,torch
    from action_recog.answers.export import to_onnx
    fn = to_onnx(learn, Path(folder)/f'{name}.onnx')
    opts = ort.SessionOptions()
    opts.intra_op_num_threads = torch.get_num_threads()
    ses,model = ort.InferenceSession(str(fn), opts, providers=['CPUExecutionProvider']),learn.model.eval().cpu()
    dl,a,b = learn.dls.test_dl(clips, bs=4, num_workers=0),[],[]
    with torch.no_grad():
        for x, in dl:
            x = x.as_subclass(torch.Tensor)
            a.append(model(x))
            b.append(torch.from_numpy(ses.run(None, {'clip':x.numpy()})[0]))
        a,b,x = torch.cat(a),torch.cat(b),x[:1]
        times = [min(o) for o in zip(*((best(model, x, 1),best(lambda o: ses.run(None, {'clip':o.numpy()}), x, 1)) for _ in range(5)))]
    return dict(learner=name, clips=len(clips), megabytes=round(fn.stat().st_size/1e6, 1), logits_std=round(a.std().item(), 3),
        largest_logit_difference=(a-b).abs().max().item(), largest_probability_difference=(a.softmax(1)-b.softmax(1)).abs().max().item(),
        same_label=(a.argmax(1)==b.argmax(1)).float().mean().item(), torch_ms=round(times[0], 1), onnxruntime_ms=round(times[1], 1))

@call_parse
def main(
    path:str=os.environ.get('ACTION_RECOG_DATA', '../shared/data'), # Folder with UCF101 in it
    out:str='bench/results/onnx.json', # Where to keep the figures
    n_train:int=12, # Clips to train on before
    n_clips:int=14, # Clips to compare on
):
    "Compare ONNX Runtime to PyTorch on real clips, for each of the four learners at its default size"
    warnings.filterwarnings('ignore')
    import onnxruntime,torch
    from action_recog.clips.data import get_instances
    files,rows = get_instances(Path(path)/'UCF101'),[]
    clips = files[3::max(len(files)//n_clips, 1)][:n_clips]
    print('| learner | MB | largest difference of logits | of probabilities | same label | PyTorch ms | ONNX Runtime ms |\n|---|--:|--:|--:|--:|--:|--:|')
    with tempfile.TemporaryDirectory() as d:
        for name in ('baseline','lstm','convlstm','timesformer'):
            r = compare(name, trained(name, files, n_train), clips, d)
            rows.append(r)
            print(f"| {name} | {r['megabytes']} | {r['largest_logit_difference']:.1e} | {r['largest_probability_difference']:.1e} | "
                f"{100*r['same_label']:.0f} % | {r['torch_ms']} | {r['onnxruntime_ms']} |", flush=True)
    res = dict(device=f'CPU, {torch.get_num_threads()} threads', machine=platform.machine(), torch=torch.__version__,
        onnxruntime=onnxruntime.__version__, rows=rows)
    Path(out).write_text(json.dumps(res, indent=1))
    print(f"\n{len(clips)} clips of UCF101, {res['device']}, one clip at a time for the milliseconds")
    if max(o['largest_logit_difference'] for o in rows)>1e-4: raise SystemExit('a difference is above 1e-4')
