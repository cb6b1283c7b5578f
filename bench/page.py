"The page in a real browser: `python bench/page.py` (needs Debian's chromium and chromium-driver, and `pip install selenium`)"
import json,shutil,tempfile,time,warnings
from pathlib import Path
from fastcore.script import call_parse

def open_browser(size=(1000,1150)):
    "A headless Chromium"
    from selenium import webdriver
    opts = webdriver.ChromeOptions()
    opts.binary_location = shutil.which('chromium')
    for o in ('--headless=new','--no-sandbox','--disable-dev-shm-usage','--force-device-scale-factor=1',f'--window-size={size[0]},{size[1]}'): opts.add_argument(o)
    opts.set_capability('goog:loggingPrefs', dict(performance='ALL'))
    return webdriver.Chrome(opts, webdriver.ChromeService(shutil.which('chromedriver')))

def until(f, secs=300):
    "The first true value of `f`, asked again and again"
    end = time.time()+secs
    while time.time()<end:
        try:
            if res:=f(): return res
        except Exception as e: last = e
        time.sleep(.2)
    raise SystemExit(f'nothing came within {secs} s')

def texts(b, css): return [o.text for o in b.find_elements('css selector', css) if o.text.strip()]

def upload(b, fn): until(lambda: b.find_elements('css selector', 'input[type=file]'))[0].send_keys(str(fn))

def sentence(b):
    "What the page says against an upload"
    lines = b.execute_script('return document.body.innerText').splitlines()
    return next((o for o in lines if any(w in o for w in ('cannot be read','exceeds','too large','lasts','takes videos of up to','size'))), None)

def fresh(b, url):
    b.get(url)
    until(lambda: b.find_elements('css selector', 'input[type=file]'))

def foreign(b, url):
    "Addresses beyond this machine that the browser asked for"
    msgs = (json.loads(o['message'])['message'] for o in b.get_log('performance'))
    urls = {o['params']['request']['url'] for o in msgs if o['method']=='Network.requestWillBeSent'}
    return sorted(o for o in urls if not o.startswith((url,'data:','blob:','chrome')))

@call_parse
def main(
    learner:str='runs/sample/convlstm-sample-fold1-seed0', # Run, model folder or exported learner, of the sample's classes
    shot:str='nbs/images/demo.png', # Where to put the picture
    out:str='bench/results/page.json', # Where to keep what was seen
):
    "Upload a good video, a text file named .mp4 and a video over the limit, and take a picture"
    warnings.filterwarnings('ignore')
    from PIL import Image
    from action_recog.answers.demo import launch_page,write_examples
    from action_recog.answers.predict import open_learner
    learn,res = open_learner(learner),{}
    with tempfile.TemporaryDirectory() as d:
        good = write_examples(d, learn.dls.vocab)
        (text:=Path(d)/'text.mp4').write_text('This is no video.')
        (large:=Path(d)/'large.mp4').write_bytes(bytes(6_000_000))
        page,b = launch_page(learn, port=7869, wait=False, max_mb=5),open_browser()
        url = page.local_url
        try:
            for name,fn in dict(text=text, large=large).items():
                fresh(b, url)
                upload(b, fn)
                res[name] = until(lambda: sentence(b))
                print(f'{name}: {res[name]}', flush=True)
            fresh(b, url)
            start = time.perf_counter()
            upload(b, good[-1])
            res['good'] = dict(label=until(lambda: texts(b, '[data-testid="label-output-value"]'))[0], seconds=round(time.perf_counter()-start, 1),
                segments=until(lambda: texts(b, '#timeline tr')))
            print(f"good: {res['good']}", flush=True)
            until(lambda: b.find_elements('css selector', '#strip img'))
            time.sleep(3)
            Path(shot).parent.mkdir(parents=True, exist_ok=True)
            b.save_screenshot(shot)
            res['foreign_requests'] = foreign(b, url)
        finally:
            b.quit()
            page.close()
    Image.open(shot).convert('P', palette=Image.ADAPTIVE, colors=128).save(shot, optimize=True)
    print(f"requests beyond this machine: {res['foreign_requests'] or 'none'}\n{shot}: {Path(shot).stat().st_size/1000:.0f} kB")
    Path(out).write_text(json.dumps(res, indent=1))
