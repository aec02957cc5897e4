/** The page: one document with its style and script inside, so nothing is fetched from elsewhere. */
import { pageScript } from "./page-script.js";
import { pageStyle } from "./page-style.js";

export const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Configuration</title>
<link rel="icon" href="data:,">
<style>${pageStyle}</style>
</head>
<body>
<header><h1>Configuration</h1><span id="connection" role="status">connecting</span></header>
<p class="quiet">Keys under <code>/config/</code>. Readers get valid values only.</p>
<div id="problem" class="notice" role="alert" hidden></div>
<h2>Settings</h2>
<section id="settings" class="card" aria-label="Settings"></section>
<h2>History</h2>
<p id="empty" class="quiet">No change since this service started.</p>
<ol id="history" class="card" aria-live="polite"></ol>
<script>${pageScript}</script>
</body>
</html>
`;
