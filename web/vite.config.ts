import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The built page is part of the Python package. `BELPLAN_SERVER` is where the API answers while the page is worked on.
const server = process.env.BELPLAN_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../src/belplan/web",
    emptyOutDir: true,
    assetsInlineLimit: 0, // a data: address would need a hole in the content security policy
    sourcemap: false,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": server, "/sip": { target: server, ws: true } } },
});
