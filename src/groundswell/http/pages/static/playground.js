// Words as they come. Without scripts the form is answered by a page.
export function watchPlayground(form) {
  const place = document.querySelector("[data-answers]");
  const shape = document.querySelector("template[data-answer]");
  const stop = form.querySelector("[data-stop]");
  const button = form.querySelector("[type=submit]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(form));
    const own = form.dataset.playground + (fields.variant ? `:${fields.variant}` : "");
    const control = new AbortController();
    stop.onclick = () => control.abort();
    stop.hidden = false;
    button.disabled = true;
    place.replaceChildren();
    await Promise.all([own, fields.second.trim()].filter(Boolean).map((name) => {
      const box = shape.content.firstElementChild.cloneNode(true);
      place.append(box);
      return answer(name, fields, box, control.signal);
    }));
    stop.hidden = true;
    button.disabled = false;
  });
}

async function answer(name, fields, box, signal) {
  const [title, problem, text, figures] = box.children;
  title.textContent = name;
  const messages = [{ role: "user", content: fields.prompt }];
  if (fields.system.trim()) messages.unshift({ role: "system", content: fields.system });
  const body = {
    model: name, messages, temperature: Number(fields.temperature), max_tokens: Number(fields.max_tokens),
    stream: true, progress: true, stream_options: { include_usage: true },
  };
  const began = performance.now();
  let first = 0;
  const take = (told) => {
    if (told.error) throw new Error(told.error.message);
    const word = told.choices?.[0]?.delta?.content;
    if (word) {
      first ||= performance.now();
      text.append(word);
    }
    const rate = told.timings?.predicted_per_second;
    if (rate) figures.textContent =
      `first word after ${((first - began) / 1000).toFixed(2)} s, ${rate.toFixed(1)} tokens/s, ${told.timings.predicted_n} tokens`;
  };
  try {
    const reply = await fetch("/v1/chat/completions", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal,
    });
    if (!reply.ok) take(await reply.json());
    let rest = "";
    for (const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      const frames = (rest + value).split("\n\n");
      rest = frames.pop();
      for (const frame of frames) {
        const [, phase, has, all] = frame.split(" ");
        if (frame.startsWith("data: {")) take(JSON.parse(frame.slice(6)));
        else if (all && !first) figures.textContent = `${phase} ${Math.floor(100 * has / all)} %`;
      }
    }
  } catch (fault) {
    problem.hidden = false;
    problem.textContent = signal.aborted ? "Stopped." : fault.message;
  }
}
