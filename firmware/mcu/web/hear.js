// SPDX-License-Identifier: BSD-2-Clause
// Samples go to the compiled C, and what it makes of them is drawn. Nothing is sent anywhere.
"use strict";

const facts = JSON.parse(document.getElementById("facts").textContent);
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const at = (id) => document.getElementById(id);

// ---- the compiled C

const wasm = new WebAssembly.Instance(new WebAssembly.Module(bytes(facts.wasm))).exports;
const inputs = new Int16Array(wasm.memory.buffer, wasm.hear_samples(), wasm.hear_capacity());
const heard = { streams: [], words: [] }; // kept for the tests alone
const testing = location.hash.length > 1;

/** Begins a stream: the bank knows of no sound before. */
function reset() {
    wasm.hear_reset();
    if (testing) heard.streams.push({ fed: [], frames: [] });
}

/** Takes int16 samples; calls `onFrame(codes, loudness)` for each frame that is over. */
function feed(samples, onFrame) {
    for (let begin = 0; begin < samples.length; begin += facts.frame) {
        const part = samples.subarray(begin, begin + facts.frame);
        inputs.set(part);
        const over = wasm.hear_feed(part.length);
        let power = 0;
        for (const sample of part) power += sample * sample;
        const stream = heard.streams.at(-1);
        if (testing) stream.fed.push(...part);
        for (let frame = 0; frame < over; frame++) {
            const codes = new Uint8Array(wasm.memory.buffer, wasm.hear_frames() + frame * facts.bands, facts.bands).slice();
            if (testing) stream.frames.push([...codes]);
            onFrame(codes, Math.sqrt(power / part.length) / 32768, part);
        }
    }
}

/** Outputs, states and label of the frames of a word. Of a long one the loudest part is taken, as in the training. */
function classify(frames) {
    const sums = frames.map((codes) => codes.reduce((sum, code) => sum + code, 0));
    let begin = 0, best = -1;
    for (let k = 0; k + facts.steps <= frames.length; k++) {
        const sum = sums.slice(k, k + facts.steps).reduce((a, b) => a + b, 0);
        if (sum > best) [begin, best] = [k, sum];
    }
    const chosen = frames.slice(begin, begin + facts.steps);
    const word = new Uint8Array(wasm.memory.buffer, wasm.hear_word(), facts.steps * facts.bands);
    chosen.forEach((codes, k) => word.set(codes, k * facts.bands));
    const label = wasm.hear_classify(chosen.length);
    const outputs = new Int32Array(wasm.memory.buffer, wasm.hear_outputs(), facts.classes.length).slice();
    const states = new Int16Array(wasm.memory.buffer, wasm.hear_states(), facts.steps * facts.units).slice();
    if (testing) heard.words.push({ frames: chosen.map((codes) => [...codes]), outputs: [...outputs], label });
    return { label, outputs, states };
}

// ---- drawings

/** A picture of columns, the newest at the right. */
class Waterfall {
    constructor(canvas, height) {
        this.canvas = canvas;
        canvas.height = height;
        this.context = canvas.getContext("2d");
        this.column = this.context.createImageData(1, height);
    }
    push(values) { // each from 0 to 1, the first one lowest
        const { canvas, context, column } = this;
        context.drawImage(canvas, -1, 0);
        values.forEach((value, k) => column.data.set(colour(value), 4 * (canvas.height - 1 - k)));
        context.putImageData(column, canvas.width - 1, 0);
    }
}

/** From dark blue over green to yellow. */
function colour(value) {
    const v = Math.min(1, Math.max(0, value));
    return [255 * Math.min(1, Math.max(0, 2.2 * v - 1)), 30 + 215 * v * v ** 0.2, 70 + 110 * Math.sin(Math.PI * v), 255];
}

/** A code of the middle is as loud as all bands together were of late; most are below it. */
const shade = (code) => (2 * code - facts.middle) / facts.middle;

const bands = new Waterfall(at("bands"), facts.bands);
const units = at("states").getContext("2d");
at("states").width = facts.steps;
at("states").height = facts.units;

function drawStates(states) {
    const image = units.createImageData(facts.steps, facts.units), most = Math.max(1, ...states.map(Math.abs));
    for (let step = 0; step < facts.steps; step++)
        for (let unit = 0; unit < facts.units; unit++)
            image.data.set(colour(0.5 + states[step * facts.units + unit] / most / 2), 4 * (unit * facts.steps + step));
    units.putImageData(image, 0, 0);
}

const SEGMENTS = ["abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcfgd"];

function drawAnswer(label, outputs) {
    const most = Math.max(...outputs), least = Math.min(...outputs);
    facts.classes.forEach((name, k) => {
        const share = outputs.length && most > least ? (outputs[k] - least) / (most - least) : 0;
        at(`bar${k}`).style.width = `${Math.round(100 * share)}%`;
        at(`bar${k}`).classList.toggle("best", k === label);
        at(`value${k}`).textContent = outputs.length ? outputs[k].toLocaleString("en") : "";
    });
    for (const segment of "abcdefg")
        at(`segment-${segment}`).classList.toggle("on", label !== null && (SEGMENTS[label] || "").includes(segment));
    for (let bit = 0; bit < 5; bit++) at(`led${bit}`).classList.toggle("on", label !== null && (label >> bit & 1) === 1);
    at("answer").textContent = label === null ? " " : facts.classes[label];
}

function show(frames) {
    const { label, outputs, states } = classify(frames);
    drawStates(states);
    drawAnswer(label, outputs);
    return label;
}

// ---- words in a stream of sound

/** Cuts words out of frames: one begins where it is four times louder than the quietest of late, and ends after a pause. */
class Words {
    constructor(onWord) { // is given the word's samples, a frame each
        this.onWord = onWord;
        this.kept = [];
        this.floor = 1;
        this.loud = 0;
        this.quiet = 0;
    }
    take(loudness, samples) {
        this.floor = Math.max(1e-5, Math.min(loudness, this.floor * 1.005));
        this.kept.push(samples.slice());
        const speaking = loudness > Math.max(0.004, 4 * this.floor);
        at("busy").classList.toggle("on", speaking);
        if (speaking) [this.loud, this.quiet] = [this.loud + 1, 0];
        else if (this.loud) this.quiet++;
        else if (this.kept.length > facts.before) this.kept.shift();
        if (this.loud && (this.quiet > facts.pause || this.kept.length > 3 * facts.steps)) {
            const word = this.kept.slice(0, this.kept.length - Math.max(0, this.quiet - facts.before));
            if (this.loud >= facts.shortest) this.onWord(word);
            [this.kept, this.loud, this.quiet] = [[], 0, 0];
        }
    }
}

/** Hears a word as the recordings were that the model learned from: alone, its bank without a sound before. */
function hearAlone(parts) {
    const frames = [];
    reset();
    for (const part of parts) feed(part, (codes) => frames.push(codes));
    show(frames);
}

// ---- where sound comes from

function clip(entry) {
    const raw = bytes(entry.samples);
    return new Int16Array(raw.buffer, 0, raw.length >> 1);
}

let turn = 0; // counts what was begun: of two recordings the later one is heard

/** A recording: its codes are drawn as fast as it is spoken, then the answer. */
async function play(samples, aloud = true) {
    stop();
    const frames = [], mine = ++turn;
    reset();
    drawAnswer(null, []);
    at("busy").classList.add("on");
    if (aloud) {
        const speaker = new AudioContext({ sampleRate: facts.rate }), buffer = speaker.createBuffer(1, samples.length, facts.rate);
        buffer.getChannelData(0).set(Float32Array.from(samples, (sample) => sample / 32768));
        const source = speaker.createBufferSource();
        source.buffer = buffer;
        source.connect(speaker.destination);
        source.onended = () => speaker.close();
        source.start();
    }
    const began = performance.now();
    for (let begin = 0; begin < samples.length; begin += facts.frame) {
        feed(samples.subarray(begin, begin + facts.frame), (codes) => {
            frames.push(codes);
            bands.push([...codes].map(shade));
        });
        while (aloud && performance.now() - began < 1000 * begin / facts.rate) await new Promise(requestAnimationFrame);
        if (mine !== turn) return null;
    }
    at("busy").classList.remove("on");
    return show(frames);
}

/** To facts.rate by a windowed sinc, whatever the rate of the sound card. */
class Resampler {
    constructor(rate) {
        this.step = rate / facts.rate;
        this.half = Math.ceil(16 * this.step);
        this.kept = new Float32Array(2 * this.half);
        this.place = this.half;
    }
    take(block) {
        const all = new Float32Array(this.kept.length + block.length);
        all.set(this.kept);
        all.set(block, this.kept.length);
        const made = [];
        for (; this.place + this.half < all.length; this.place += this.step) {
            let sum = 0;
            const first = Math.ceil(this.place - this.half), cut = 0.92 / Math.max(1, this.step);
            for (let k = Math.max(0, first); k < this.place + this.half; k++) {
                const t = k - this.place, x = Math.PI * cut * t;
                sum += all[k] * cut * (x ? Math.sin(x) / x : 1) * (0.5 + 0.5 * Math.cos(Math.PI * t / this.half));
            }
            made.push(Math.max(-32768, Math.min(32767, Math.round(32768 * sum))));
        }
        const drop = Math.max(0, Math.floor(this.place) - this.half);
        this.kept = all.slice(drop);
        this.place -= drop;
        return Int16Array.from(made);
    }
}

let listening = null;

const WORKLET = `registerProcessor("tap", class extends AudioWorkletProcessor {
    process([input]) { if (input.length) this.port.postMessage(input[0].slice()); return true; }
});`;

async function listen() {
    stop();
    turn++;
    const stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
    const context = new AudioContext();
    // a page from the disk may not load a module from a blob, but from its own text
    await context.audioWorklet.addModule(`data:text/javascript,${encodeURIComponent(WORKLET)}`);
    const source = context.createMediaStreamSource(stream), tap = new AudioWorkletNode(context, "tap");
    const resampler = new Resampler(context.sampleRate);
    const words = new Words(hearAlone);
    reset();
    drawAnswer(null, []);
    let left = new Int16Array(0); // samples of a frame that is not over
    tap.port.onmessage = ({ data }) => {
        const samples = Int16Array.from([...left, ...resampler.take(data)]);
        const whole = samples.length - samples.length % facts.frame;
        left = samples.slice(whole);
        for (let begin = 0; begin < whole; begin += facts.frame)
            feed(samples.subarray(begin, begin + facts.frame), (codes, loudness, part) => {
                bands.push([...codes].map(shade));
                words.take(loudness, part);
            });
    };
    source.connect(tap);
    listening = { stream, context };
    at("listen").textContent = "Stop listening";
    at("listen").setAttribute("aria-pressed", "true");
    say("Say a digit, from zero to nine, and pause.");
}

function stop() {
    if (!listening) return;
    listening.stream.getTracks().forEach((track) => track.stop());
    listening.context.close();
    listening = null;
    at("listen").textContent = "Listen to the microphone";
    at("listen").setAttribute("aria-pressed", "false");
    at("busy").classList.remove("on");
    say("");
}

function say(text) {
    at("status").textContent = text;
}

function trouble(error) {
    say(error.name === "NotAllowedError" ? "The browser was not allowed to use the microphone; the recordings work without it."
        : error.name === "NotFoundError" ? "There is no microphone here; the recordings work without it."
        : `The microphone cannot be used (${error.message}); the recordings work without it.`);
}

at("listen").onclick = () => listening ? stop() : listen().catch(trouble);
facts.clips.forEach((entry, k) => {
    at(`clip${k}`).onclick = () => play(clip(entry)).then(() => say(`Recording of "${entry.word}".`));
});
at("file").onchange = async ({ target }) => {
    try {
        const [file] = target.files, context = new OfflineAudioContext(1, 1, facts.rate);
        const sound = await context.decodeAudioData(await file.arrayBuffer());
        await play(Int16Array.from(sound.getChannelData(0), (value) => Math.max(-32768, Math.min(32767, Math.round(32768 * value)))));
        say(`${file.name}`);
    } catch (error) {
        say(`This file cannot be played (${error.message}); a WAV file of one word can.`);
    }
};
drawAnswer(null, []);

// ---- what the tests ask for: #clip=0 works through a recording at once, #microphone=5 listens for five seconds

async function test() {
    const [what, value] = location.hash.slice(1).split("=");
    if (what === "clip") await play(clip(facts.clips[Number(value)]), false);
    if (what === "microphone") {
        await listen();
        await new Promise((resolve) => setTimeout(resolve, 1000 * Number(value)));
        stop();
    }
    console.log(`HEARD ${JSON.stringify(heard)}`);
}
if (testing) test().catch((error) => console.log(`FAILED ${error.name}: ${error.message}`));
