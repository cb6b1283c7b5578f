"Does the heat of `class_activation` lie on what moves, and do the hottest frames matter? `python bench/cam.py` trains on the sample and prints a table"
import json
from fastcore.script import call_parse
from fastai.vision.all import *
from fastai.callback.hook import Hook
from action_recog.answers.interpret import _cam,_maps,_one,_probs,_rollout
from action_recog.videos.sample import MOVES,SHAPES,group_look,write_sample
from action_recog.learners.training import get_recipe,train_learner
from action_recog.videos.video import read_clip

def shape_mask(video, size=64, n=8):
    "Where the shape is in the `n` frames that the model gets, `(n, size, size)`, each pixel's covered share"
    shape,move = first((s,m) for s in SHAPES for m in MOVES if parent_label(video) in (s+m[0],s+m[1]))
    bg = tensor(group_look(shape, move, int(re.search(r'_g(\d+)_', video.name)[1])).bg).permute(2,0,1)
    frames = read_clip(video, lambda t: [int((i+.5)*t/n) for i in range(n)])
    on = ((frames.as_subclass(Tensor).int()-bg).abs().amax(1)>40).float()[...,40:280]
    return F.interpolate(on[None], (size,size), mode='area')[0]

def grad_cam(m, x, label, dims):
    "Grad-CAM as published, the gradient averaged over `dims` of `(T, C, h, w)`"
    mod,what,maps = _maps(m, x)
    with Hook(mod, what, detach=False) as hook:
        logit = m.eval()(x.detach().requires_grad_())[0,label]
        a,g = map(maps, (hook.stored,*torch.autograd.grad(logit, hook.stored)))
    return (g.mean(dims, keepdim=True)*a).sum(1).relu().detach()

def gain(heat, mask):
    "Share of the heat that lies on the shape, over the share of the picture that the shape takes"
    big = F.interpolate(heat[None], mask.shape[1:])[0]
    return math.nan if big.sum()==0 else (big*mask).sum().item()/big.sum().item()/mask.mean().item()

def look(learn, video):
    "What is counted for one clip"
    (x,_),mask,m = _one(learn, video),shape_mask(video),learn.model
    p = _probs(m, x)
    k = p.argmax().item()
    heat = _cam(m, x, k)
    res = {'this':gain(heat, mask), 'Grad-CAM, each frame':gain(grad_cam(m, x, k, (2,3)), mask),
        'Grad-CAM, all frames':gain(grad_cam(m, x, k, (0,2,3)), mask)}
    if hasattr(m, 'layers'): res['attention rollout'] = gain(_rollout(m, x), mask)
    share = heat.sum((1,2))
    for name,t in (('hottest',share.argmax()), ('coldest',share.argmin())):
        blank = x.detach().clone()
        blank[:,t] = 0
        res[f'without the {name} frame'] = (_probs(m, blank)[k]-p[k]).item()
    return res

@call_parse
def main(
    path:str='data/sample', # Folder of the sample, written if it is not there
    every:int=4, # Take every so many clips of the test list
    seed:int=0, # Of the trainings
    out:str=None, # JSON to write
):
    "Train the four by their recipe `sample`, and print the table"
    videos,rows = write_sample(path)/'UCF-101',[]
    for model in ('baseline','lstm','convlstm','timesformer'):
        learn,row = train_learner(videos, model, get_recipe(model, 'sample'), seed=seed, num_workers=0)
        found = pd.DataFrame([look(learn, o) for o in learn.dls.valid_ds.items[::every]])
        rows.append(dict(model=model, accuracy=row['clip_accuracy'], clips=len(found), **found.mean().round(3)))
    df = pd.DataFrame(rows).set_index('model')
    print('\nOn the shape, times chance; change of the probability without a frame:\n')
    lines = [['model',*df.columns], ['---']+['--:']*len(df.columns)]+[[k,*(f'{o:.2f}' for o in r)] for k,*r in df.itertuples()]
    for o in lines: print('| '+' | '.join(o)+' |')
    if out: Path(out).write_text(json.dumps(dict(rows=rows, device=row['device']), indent=1))
