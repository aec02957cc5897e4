/** One process of the crash point campaign: looks at the parts of stories that it is sent, one after the other. */
const { enumerate, playStory, STORIES } = await import(process.argv[2]);

process.on("message", async ({ name, seed, part, parts, imagesMax }) => {
  try {
    const story = STORIES.find((one) => one.name === name);
    const played = await playStory(story, seed);
    const counts = await enumerate(played, { seed, part, parts, imagesMax });
    process.send({ counts, boundaries: played.images.length });
  } catch (error) {
    process.send({ error: error instanceof Error ? error.stack : String(error) });
  }
});
process.send("ready");
