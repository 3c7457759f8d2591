// What a person does with @huggingface/hub in node: `node journey.mjs STEP`, with HUB, TOKEN, REPO
// and, where a step needs it, more in the environment. Prints one JSON object: what it saw.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as hub from "@huggingface/hub";

const hubUrl = process.env.HUB;
const accessToken = process.env.TOKEN;
const kind = process.env.KIND ?? "model";
const repo = { type: kind, name: process.env.REPO };
const asMe = { repo, hubUrl, accessToken };
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const bytesOf = async (blob) => Buffer.from(await blob.arrayBuffer());

async function all(generator) {
  const found = [];
  for await (const each of generator) found.push(each);
  return found;
}

async function refused(promise) {
  try {
    await promise;
  } catch (error) {
    return { statusCode: error.statusCode, message: error.message, name: error.constructor.name };
  }
  throw new Error("was not refused");
}

const steps = {
  async create() {
    const before = await hub.repoExists({ repo, hubUrl, accessToken });
    const made = await hub.createRepo({
      ...asMe,
      license: "mit",
      files: [{ path: "first.txt", content: new Blob(["made with the repository\n"]) }],
      ...(kind === "space" ? { sdk: "static" } : {}),
    });
    const after = await hub.repoExists({ repo, hubUrl });
    const again = await refused(hub.createRepo(asMe));
    const files = await all(hub.listFiles({ repo, hubUrl, recursive: true }));
    return { before, made, after, again, files: files.map((each) => each.path).sort() };
  },

  async upload() {
    const content = readFileSync(process.env.FILE);
    const useXet = process.env.XET === "1";
    const done = await hub.uploadFiles({
      ...asMe,
      useXet,
      commitTitle: "From node",
      files: [
        { path: "big.bin", content: new Blob([content]) },
        { path: "dir/small file.txt", content: new Blob(["small\n"]) },
        { path: "empty.txt", content: new Blob([]) },
      ],
    });
    const down = {};
    for (const xet of [true, false]) {
      const blob = await hub.downloadFile({ ...asMe, path: "big.bin", xet });
      down[xet ? "xet" : "plain"] = sha256(await bytesOf(blob));
    }
    const middle = (await hub.downloadFile({ ...asMe, path: "big.bin" })).slice(100_000, 100_010);
    const pointer = await hub.downloadFile({ ...asMe, path: "big.bin", raw: true });
    const small = await hub.downloadFile({ ...asMe, path: "dir/small file.txt" });
    return {
      commit: done.commit,
      down,
      middle: (await bytesOf(middle)).toString("hex"),
      pointer: await pointer.text(),
      small: await small.text(),
    };
  },

  async read() {
    const blob = await hub.downloadFile({ ...asMe, path: process.env.FILE });
    return { sha256: blob && sha256(await bytesOf(blob)) };
  },

  async look() {
    const files = await all(hub.listFiles({ ...asMe, recursive: true, expand: true }));
    const info = await hub.modelInfo({
      name: repo.name,
      hubUrl,
      additionalFields: ["author", "sha", "cardData", "tags"],
    });
    const models = await all(
      hub.listModels({ hubUrl, search: { owner: "ada", query: process.env.QUERY }, additionalFields: hub.MODEL_EXPANDABLE_KEYS }),
    );
    const paths = await hub.pathsInfo({ ...asMe, paths: ["big.bin", "none.txt"], expand: true });
    const commits = await all(hub.listCommits({ ...asMe, batchSize: 2 }));
    const counted = await hub.countCommits(asMe);
    return {
      files: files.map((each) => ({
        path: each.path,
        size: each.size,
        lfs: each.lfs?.oid,
        title: each.lastCommit?.title,
      })),
      info,
      models: models.map((each) => each.name),
      paths: paths.map((each) => each.path),
      commits: commits.map((each) => each.title),
      counted,
      exists: await hub.fileExists({ ...asMe, path: "big.bin" }),
      missing: await hub.fileExists({ ...asMe, path: "none.txt" }),
      download: await hub.fileDownloadInfo({ ...asMe, path: "big.bin" }),
      none: await hub.downloadFile({ ...asMe, path: "none.txt" }),
    };
  },

  async change() {
    const done = await hub.commit({
      ...asMe,
      title: "Change",
      operations: [
        { operation: "addOrUpdate", path: "new.txt", content: new Blob(["new\n"]) },
        { operation: "delete", path: "empty.txt" },
      ],
    });
    await hub.deleteFile({ ...asMe, path: "dir/small file.txt" });
    await hub.createBranch({ ...asMe, branch: "side" });
    const taken = await refused(hub.createBranch({ ...asMe, branch: "side", revision: "none" }));
    await hub.createBranch({ ...asMe, branch: "side", overwrite: true });
    await hub.uploadFile({
      ...asMe,
      branch: "side",
      file: { path: "side.txt", content: new Blob(["side\n"]) },
    });
    await hub.createBranch({ ...asMe, branch: "bare", empty: true });
    await hub.deleteBranch({ ...asMe, branch: "bare" });
    const stale = await refused(
      hub.uploadFile({
        ...asMe,
        parentCommit: done.commit.oid,
        file: { path: "stale.txt", content: new Blob(["x"]) },
      }),
    );
    const proposed = await hub.uploadFile({
      ...asMe,
      isPullRequest: true,
      commitTitle: "Offer",
      file: { path: "offer.txt", content: new Blob(["offer\n"]) },
    });
    const main = await all(hub.listFiles({ ...asMe, recursive: true }));
    const side = await all(hub.listFiles({ ...asMe, recursive: true, revision: "side" }));
    return {
      taken,
      stale,
      proposed,
      main: main.map((each) => each.path).sort(),
      side: side.map((each) => each.path).sort(),
    };
  },

  async who() {
    const me = await hub.whoAmI({ hubUrl, accessToken });
    const wrong = await refused(hub.whoAmI({ hubUrl, accessToken: `hf_${"n".repeat(34)}` }));
    await hub.checkRepoAccess({ repo, hubUrl, accessToken });
    return { me, wrong };
  },

  async refusals() {
    const hidden = { type: "model", name: process.env.HIDDEN };
    return {
      anonymous: await hub.repoExists({ repo: hidden, hubUrl }),
      mine: await hub.repoExists({ repo: hidden, hubUrl, accessToken }),
      list: await refused(all(hub.listFiles({ repo: hidden, hubUrl }))),
      write: await refused(
        hub.uploadFile({
          repo: { type: "model", name: process.env.FOREIGN },
          hubUrl,
          accessToken,
          file: { path: "x.txt", content: new Blob(["x"]) },
        }),
      ),
      revision: await refused(all(hub.listFiles({ ...asMe, revision: "none" }))),
    };
  },

  async snapshot() {
    const folder = await hub.snapshotDownload({ ...asMe, cacheDir: process.env.CACHE });
    return { folder };
  },

  async remove() {
    await hub.deleteRepo(asMe);
    return { exists: await hub.repoExists({ repo, hubUrl, accessToken }) };
  },
};

console.log(JSON.stringify(await steps[process.argv[2]]()));
process.exit(0);
