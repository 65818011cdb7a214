// A client in strict mode: it neither shows nor answers devices that their owner has not signed.
// node client.mjs HOMESERVER USER PASSWORD BOT WORDS: makes a room, says WORDS, prints what the bot answers.
import { createInterface } from "node:readline";
import * as sdk from "matrix-js-sdk";
import { OnlySignedDevicesIsolationMode } from "matrix-js-sdk/lib/crypto-api/index.js";

// The client wants Node 22 for this alone.
Promise.withResolvers ??= () => {
    const parts = {};
    parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
    return parts;
};

const [baseUrl, user, password, bot, words] = process.argv.slice(2);
for (const name of ["log", "info", "debug", "warn", "trace"]) console[name] = () => {};
const say = (kind, text) => process.stdout.write(JSON.stringify({ kind, text }) + "\n");

const answer = await fetch(`${baseUrl}/_matrix/client/v3/login`, {
    method: "POST",
    body: JSON.stringify({ type: "m.login.password", identifier: { type: "m.id.user", user }, password }),
});
const login = await answer.json();
const client = sdk.createClient({
    baseUrl, userId: login.user_id, deviceId: login.device_id, accessToken: login.access_token,
});
await client.initRustCrypto({ useIndexedDB: false });
await client.getCrypto().bootstrapCrossSigning({ authUploadDeviceSigningKeys: async (request) => await request(null) });
client.getCrypto().setDeviceIsolationMode(new OnlySignedDevicesIsolationMode());

const shown = new Set();
function show(event) {
    if (event.getSender() !== bot || event.getType() !== "m.room.message" || shown.has(event.getId())) return;
    shown.add(event.getId());
    say(event.isDecryptionFailure() ? "unreadable" : event.isEncrypted() ? "encrypted" : "clear", event.getContent().body);
}
client.on("Event.decrypted", show);
client.on("Room.timeline", show);
await client.startClient({ initialSyncLimit: 20 });
await new Promise((done) => client.on("sync", (state) => state === "PREPARED" && done()));
const encryption = { type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } };
const { room_id: room } = await client.createRoom({
    name: "strict", preset: "private_chat", invite: [bot], initial_state: [encryption],
});
say("room", room);
await new Promise((done) => {
    const look = () => {
        if (client.getRoom(room)?.getMember(bot)?.membership === "join") done();
    };
    for (const name of ["RoomState.members", "RoomMember.membership", "RoomState.events", "sync"]) client.on(name, look);
    look();
});
try {
    await client.sendTextMessage(room, words);
    say("said", words);
} catch (trouble) {
    say("failed", String(trouble));
}
createInterface({ input: process.stdin }).on("close", () => process.exit(0));
