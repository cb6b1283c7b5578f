"Make the small model inside the package: the ConvLSTM on the generated sample, by the recipe `sample` with seed 0"
from fastcore.script import call_parse
from pathlib import Path

root = Path(__file__).resolve().parents[1]
dest = root/'action_recog'/'models'/'sample'

@call_parse
def main(
    data:str='data/sample', # Folder for the sample's videos
    out:str='runs/sample-model', # Folder of the run; a training that is finished there is not repeated
):
    "Train, measure on official split 1, and write the model folder"
    from action_recog.all import get_recipe,open_learner,save_model,save_run,write_sample
    path = write_sample(data)/'UCF-101'
    if not (Path(out)/'model'/'config.json').is_file():
        save_run(path, 'convlstm', out, get_recipe('convlstm', 'sample'), seed=0, num_workers=0, why='asked for')
    learn = open_learner(out, 'cpu')
    recipe,metrics = learn.about['recipe'],learn.about['metrics']
    if recipe['name']!='sample': raise ValueError(f'{out} was trained by the recipe {recipe["name"]}: name another folder')
    kept = 'split','clip_accuracy','video_accuracy','n_clips','order','order_blind_ceiling','clips','classes','parameters','seed'
    metrics = dict(data='action_recog sample', **{k:metrics[k] for k in kept})
    save_model(learn, dest, recipe={**recipe, 'command':'python tools/sample_model.py'}, metrics=metrics)
    size = sum(o.stat().st_size for o in dest.iterdir())
    print(f'{dest}: {size/1e6:.2f} MB, clip accuracy {metrics["clip_accuracy"]:.3f}, video accuracy {metrics["video_accuracy"]:.3f}')
