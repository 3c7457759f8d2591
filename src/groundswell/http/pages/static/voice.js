// Speech: a voice of this machine's own, else the hub's.
const box = document.querySelector("[data-voice]"), [mic, sound, notes] = box.children, { form } = mic, { q } = form;
const talk = speechSynthesis;
let end, speaks;
const show = (at) => [...notes.children].forEach((note, i) => note.hidden = i !== at);
const hush = () => {
  if (speaks) speaks = show();
  talk.cancel();
  sound.src = "";
};
talk.getVoices();
box.hidden = 0;
sound.onended = form.oninput = form.onsubmit = hush;
sound.onerror = () => speaks && show(4);
onkeydown = ({ key }) => { if (key === "Escape") hush(); };
onclick = (event) => {
  const link = event.target.closest("[data-say]");
  if (!link) return;
  event.preventDefault();
  if (speaks) return hush();
  const voice = talk.getVoices().find((one) => one.localService);
  if (!voice && !link.href) return show(3);
  speaks = 1;
  show(0);
  if (!voice) return sound.src = link.href;
  const words = new SpeechSynthesisUtterance(link.dataset.say);
  words.voice = voice;
  words.onend = hush;
  talk.speak(words);
};
mic.onclick = async () => {
  hush();
  if (end) return end();
  const { hear } = box.dataset;
  if (!hear) return show(3);
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const tape = new MediaRecorder(stream), said = new Promise((done) => tape.ondataavailable = done);
    tape.start();
    setTimeout(end = () => stream.getTracks()[0].stop(), 3e4);
    mic.ariaPressed = true;
    show(1);
    const bytes = await (await said).data.arrayBuffer();
    show(2);
    const wave = (await new OfflineAudioContext(1, 1, 16e3).decodeAudioData(bytes)).getChannelData(0), size = wave.byteLength;
    const head = Uint32Array.of(0x46464952, size + 36, 0x45564157, 0x20746d66, 16, 65539, 16e3, 64e3, 2097156, 0x61746164, size);
    const body = new FormData();
    body.set("model", hear);
    body.set("file", new Blob([head, wave]), "a.wav");
    q.value = (await (await fetch("/v1/audio/transcriptions", { method: "POST", body })).json()).text;
    q.focus();
    show();
  } catch {
    show(4);
  }
  end = mic.ariaPressed = null;
};
