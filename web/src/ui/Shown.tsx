/** An address for a file in the browser's memory, given back when it is no longer shown. */

import { useEffect, useState } from "preact/hooks";

export function useAddress(file: Blob | null): string {
  const [address, setAddress] = useState("");
  useEffect(() => {
    if (!file) return setAddress("");
    const made = URL.createObjectURL(file);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return address;
}
