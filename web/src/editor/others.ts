/** Who else is at work in this draft, and at which card. */

import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { send } from "../api/client";

interface Other { name: string; path: string }

const ASK_EVERY = 5000; // ms; the server forgets whoever says nothing for twelve seconds

export function useOthers(company: string, chosen: string, here: boolean): ReadonlyMap<string, string> {
  const found = useQuery({
    queryKey: ["place", company, chosen], enabled: here, retry: false, refetchInterval: ASK_EVERY, staleTime: 0, placeholderData: (before) => before,
    queryFn: async () => (await send<{ items: Other[] }>("PUT", `/companies/${company}/draft/place`, { path: chosen })).items,
  });
  const items = found.data;
  // The same people at the same cards: the same map, so that three hundred cards are not drawn anew every five seconds.
  const told = JSON.stringify((here ? items : undefined) ?? []);
  return useMemo(() => new Map((JSON.parse(told) as Other[]).filter(({ path }) => path).map(({ name, path }) => [path, name.split(" ")[0]!])), [told]);
}
